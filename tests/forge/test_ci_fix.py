"""The CI Fixer and the forge: a pull request's head is repaired, a draft carries the evidence."""

from pathlib import Path

import pytest
from core.repair.kit import PYTEST, broken
from helpers import git

from forge.hub import Hub
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.repair import CIFixSpec, FixDecision, fix, report_on

DOUBLES = "grep -q 'x + x$' program.py"
REPAIR = "sed -i 's/ + 1//' program.py"


def run(repo: Path, context: Context, **given: object) -> FixDecision:
    words = {"repo": repo, "test_command": DOUBLES, "budget": 60, "fixer_cmd": REPAIR, **given}
    return fix(CIFixSpec.model_validate(words), context)


@pytest.fixture
def pushed(hub: Hub, clone: Path) -> Path:
    """The clone, with a bug that is on the forge's main too."""
    broken(clone)
    git("push", "-q", hub.repo.path, "main:main", cwd=clone)
    git("fetch", "-q", hub.repo.path, "main:refs/remotes/origin/main", cwd=clone)
    return clone


def test_a_patch_becomes_a_draft_with_before_and_after(
    hub: Hub, pushed: Path, context: Context
) -> None:
    report = report_on(run(pushed, context, apply_patch=True, test_command=PYTEST))
    assert (report.state, report.exit_code) == ("done", 0)
    pull = hub.pulls[1]
    assert (pull.draft, pull.base, pull.branch) == (True, "main", report.branch)
    assert "Failing tests" in pull.body and "- before: 1 passed, 1 failing" in pull.body
    assert "- after: 2 passed, 0 failing" in pull.body
    assert "x + x" in hub.repo.git("show", f"{pull.branch}:program.py")


def test_doing_it_again_comes_to_the_same_pull_request(
    hub: Hub, pushed: Path, context: Context
) -> None:
    first, second = (run(pushed, context, apply_patch=True) for _ in range(2))
    assert list(hub.pulls) == [1]
    assert first.delivered is not None and second.delivered is not None
    assert first.delivered.branch == second.delivered.branch


def test_without_apply_patch_nothing_is_told(hub: Hub, pushed: Path, context: Context) -> None:
    assert run(pushed, context).state == "needs-person"
    assert hub.calls == [] and list(hub.repo.branches()) == ["main"]


def test_the_head_of_a_pull_request_is_repaired_into_its_own_branch(
    hub: Hub, clone: Path, tmp_path: Path, context: Context
) -> None:
    top = tmp_path / "work"
    git("worktree", "add", "-q", "-b", "work", top, cwd=clone)
    broken(top)
    deliver(top, "feature", Options(title="Feature", is_draft=False), context)
    refs = git("for-each-ref", cwd=clone)
    decision = run(clone, context, pull_request=1, apply_patch=True)
    assert (decision.state, decision.subject) == ("needs-person", "pull request 1")
    assert decision.delivered is not None and decision.delivered.pull is not None
    assert hub.pulls[2].base == "feature" and hub.pulls[2].draft
    assert "Read it before you merge it" in hub.pulls[2].body
    left = set(git("for-each-ref", cwd=clone).splitlines()) - set(refs.splitlines())
    assert not [line for line in left if "refs/sweeptree/fix" in line]


def test_the_tests_of_a_pull_request_see_no_token(
    hub: Hub, clone: Path, context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    seen = tmp_path / "seen"
    run(clone, context, test_command=f"env > {seen}; true")
    assert "PATH=" in seen.read_text() and hub.token not in seen.read_text()
