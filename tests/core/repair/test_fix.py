"""The CI Fixer from a failing test to a patch, with real tests in real worktrees."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from helpers import git

from core.keeper_kit import until
from core.repair.kit import PYTEST, broken, commit, is_clean
from sweeptree.errors import UsageError
from sweeptree.publish.delivery import Context
from sweeptree.repair import CIFixSpec, FixDecision, fix, report_on

DOUBLES = "grep -q 'x + x$' program.py"  # a test command that tells nothing but its exit code
KILLED = """
import sys, tempfile
from pathlib import Path
from sweeptree.publish.delivery import Context
from sweeptree.repair import CIFixSpec, fix
repo, tempfile.tempdir = Path(sys.argv[1]), sys.argv[2]
command = sys.argv[3]
spec = CIFixSpec(repo=repo, test_command=command, budget=60, timeout=60, fixer_cmd="sleep 600")
fix(spec, Context({}, repo.parent / "state"))
"""
REPAIR = "sed -i 's/ + 1//' program.py"


def run(repo: Path, command: str = DOUBLES, **given: object) -> FixDecision:
    spec = CIFixSpec.model_validate(
        {"repo": repo, "test_command": command, "budget": 60, "timeout": 60, **given}
    )
    return fix(spec, Context({}, repo.parent / "state"))


def digest(repo: Path) -> str:
    """All of the user's files and refs, and git's index."""
    found = hashlib.sha256(git("for-each-ref", cwd=repo).encode())
    own = [path for path in repo.rglob("*") if not {".git", ".sweeptree"} & set(path.parts)]
    books = [repo / ".git" / name for name in ("index", "HEAD", "config")]
    for path in sorted(path for path in (*own, *books) if path.is_file()):
        found.update(str(path).encode() + path.read_bytes())
    return found.hexdigest()


def test_a_command_that_tells_no_tests_needs_a_person_and_the_users_tree_stays(repo: Path) -> None:
    broken(repo)
    (repo / "train.py").write_text("not committed\n")
    before = digest(repo)
    decision = run(repo, fixer_cmd=REPAIR)
    assert (decision.state, digest(repo)) == ("needs-person", before)
    assert decision.folder is not None and decision.chosen is not None
    git("apply", "--check", str(decision.folder / "fix.patch"), cwd=repo)
    assert json.loads((decision.folder / "report.json").read_bytes())["exit_code"] == 1


@pytest.mark.parametrize("agent", ["sed -i s/4/5/ test_program.py", "true", "kill -9 $$"])
def test_what_the_gate_refuses_is_said_and_nothing_is_left(repo: Path, agent: str) -> None:
    broken(repo)
    decision = run(repo, fixer_cmd=agent)
    assert decision.state == "not-fixed" and is_clean(repo)
    tried = {each.rung: each for each in decision.attempts}
    assert tried["command"].state == "refused" and tried["command"].reasons


def test_green_tests_need_no_fix(repo: Path) -> None:
    decision = run(repo, "true", fixer_cmd="exit 3")
    assert (decision.state, decision.attempts) == ("nothing-to-fix", ())
    assert report_on(decision).state == "nothing_to_do" and is_clean(repo)


def test_a_worktree_is_repaired_as_it_stands(repo: Path) -> None:
    broken(repo)
    (repo / "program.py").write_text("def double(x):\n    return x * 3 + 1\n")
    decision = run(repo, "grep -q 3$ program.py", worktree=repo, fixer_cmd=REPAIR)
    assert decision.chosen is not None
    assert b"+    return x * 3\n" in decision.chosen.patch


def test_a_patch_that_was_asked_for_is_on_a_branch(repo: Path) -> None:
    broken(repo)
    decision = run(repo, fixer_cmd=REPAIR, apply_patch=True)
    assert decision.delivered is not None and decision.delivered.state == "local"
    assert "x + x" in git("show", f"{decision.delivered.branch}:program.py", cwd=repo)
    assert report_on(decision).branch == decision.delivered.branch


def test_one_that_cannot_be_delivered_is_kept_and_said(repo: Path) -> None:
    broken(repo)
    git("remote", "add", "origin", "/nowhere/at/all", cwd=repo)
    decision = run(repo, fixer_cmd=REPAIR, apply_patch=True)
    assert (decision.state, report_on(decision).exit_code) == ("undelivered", 4)
    assert decision.folder is not None and (decision.folder / "fix.patch").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{PYTEST} no_such_folder", "found no tests|does not take|file or directory not found"),
        ("no-such-command-at-all", "cannot be run"),
        (f"{PYTEST} ecg", "found no tests"),
    ],
)
def test_a_command_that_tests_nothing_is_a_usage_error(
    repo: Path, command: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        run(repo, command)
    assert is_clean(repo)


def test_tests_that_hang_are_stopped_and_said(repo: Path) -> None:
    decision = run(repo, "sleep 600", timeout=0.5)
    assert (decision.state, is_clean(repo)) == ("unfinished", True)
    assert "did not end within 0.5 s" in decision.reason


def test_what_fails_now_and_then_is_never_patched(repo: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    decision = run(repo, f"test -e {mark} || {{ touch {mark}; exit 1; }}", fixer_cmd="exit 3")
    assert (decision.state, decision.attempts) == ("not-fixed", ())
    assert [each.kind for each in decision.report.failures] == ["flaky"]


@pytest.mark.slow
def test_an_error_of_the_environment_is_never_patched(repo: Path) -> None:
    commit(repo, test_a_py="import no_such_package\ndef test_a(): ...\n")
    decision = run(repo, f"{PYTEST} test_a.py", fixer_cmd="exit 3")
    assert (decision.state, decision.attempts) == ("not-fixed", ())
    assert "install no_such_package" in decision.reason


@pytest.mark.slow
def test_failing_tests_are_attached_one_by_one(repo: Path) -> None:
    broken(repo)
    decision = run(repo, PYTEST, fixer_cmd=REPAIR)
    (failing,) = report_on(decision).failing
    assert (failing.node_id, failing.where) == (
        "test_program.py::test_double",
        "test_program.py:5",
    )
    assert "assert 5 == 4" in failing.message and "doubling" in failing.output
    assert decision.state == "fixed"


@pytest.mark.slow
def test_without_an_agent_the_search_proposes_and_applies_nothing(repo: Path) -> None:
    broken(repo)
    decision = run(repo, PYTEST)
    assert (decision.state, decision.delivered) == ("fixed", None)
    assert decision.chosen is not None and decision.chosen.rung == "search"
    assert "**Found by search**" in report_on(decision).markdown
    assert git("branch", "--format=%(refname:short)", cwd=repo) == "main"


@pytest.mark.slow
def test_an_environment_of_the_repository_serves_every_rung(repo: Path) -> None:
    broken(repo)
    (repo / ".git" / "info" / "exclude").write_text("/.venv/\n")
    (repo / ".venv").symlink_to(Path(sys.prefix))
    agent = f".venv/bin/python -m pytest -q >/dev/null || {REPAIR}"
    decision = run(repo, ".venv/bin/python -m pytest -q", fixer_cmd=agent)
    assert decision.state == "fixed" and decision.chosen is not None
    assert b".venv" not in decision.chosen.patch


CHEATS = {  # the gate's own tests have them all
    "knows the test": "sed -i '2i \\    if x == 2: return 4' program.py",
    "configures": "printf '[pytest]\\naddopts = -k zero\\n' > pytest.ini",
}


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS)
def test_no_cheat_is_handed_over(repo: Path, cheat: str) -> None:
    broken(repo)
    decision = run(repo, PYTEST, fixer_cmd=cheat)
    tried = [each for each in decision.attempts if each.rung == "command"]
    assert tried and not any(each.is_good for each in tried)


@pytest.mark.slow
def test_what_a_killed_one_left_is_cleared_away_by_the_next(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(repo)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    words = [sys.executable, "-c", KILLED, str(repo), str(temporary), DOUBLES]
    with subprocess.Popen(words) as fixing:
        until(lambda: list(temporary.glob("sweeptree-agent-*/prompt.md")), 60)
        until(lambda: list(temporary.glob("sweeptree-repair-*/started")), 60)
        fixing.kill()
    assert {path.name.rpartition("-")[0] for path in temporary.glob("sweeptree-*")} == {
        "sweeptree-agent",
        "sweeptree-repair",
    }
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert run(repo, fixer_cmd=REPAIR).chosen is not None
    assert list(temporary.iterdir()) == []
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1
