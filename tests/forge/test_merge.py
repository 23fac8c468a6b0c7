"""The Merge Assistant: the base only ever moves to a commit whose tests were green."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from forge.hub import Fault, Hub
from sweeptree.errors import ForgeError, Refused
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.publish.merging import MergeOptions, merge_pull, merge_worktree

GREEN = MergeOptions(test_command="true")


@pytest.fixture
def pull(hub: Hub, worktree: Path, context: Context) -> Path:
    """Pull request 1: ready, approved, one commit on main. Returns the clone's path."""
    deliver(worktree, "wider", Options(title="Wider", is_draft=False), context)
    hub.review(1, "grace", "APPROVED")
    return worktree


def _commit_to_main(hub: Hub, tmp_path: Path, name: str, text: str) -> str:
    other = tmp_path / "other"
    if not other.exists():
        subprocess.run(["git", "clone", "-q", str(hub.repo.path), str(other)], check=True)
    git("pull", "-q", cwd=other)
    (other / name).write_text(text)
    git("add", ".", cwd=other)
    git("commit", "-q", "-m", f"change {name}", cwd=other)
    git("push", "-q", "origin", "main", cwd=other)
    return git("rev-parse", "HEAD", cwd=other)


def test_tested_commit_is_the_one_that_lands(hub: Hub, pull: Path, context: Context) -> None:
    command = "grep -q 16 ecg/model.py && git rev-parse HEAD"
    decision = merge_pull(pull, 1, replace(GREEN, test_command=command), context)
    assert decision.state == "merged" and decision.run is not None
    assert (
        hub.repo.tip("main") == decision.commit == decision.run.commit == decision.run.tail.strip()
    )
    hub.refresh()
    assert hub.pulls[1].merged_as
    assert (
        "ready to merge" in hub.pulls[1].comments[0]["body"]
        or "merged" in hub.pulls[1].comments[0]["body"]
    )
    assert hub.statuses[decision.head][0]["state"] == "success"


def test_nothing_is_left_behind(hub: Hub, pull: Path, context: Context) -> None:
    before = (
        git("worktree", "list", cwd=pull),
        git("for-each-ref", cwd=pull),
        git("status", "--porcelain", cwd=pull),
    )
    merge_pull(pull, 1, GREEN, context)
    after = (
        git("worktree", "list", cwd=pull),
        git("for-each-ref", cwd=pull),
        git("status", "--porcelain", cwd=pull),
    )
    assert after == before


def test_red_result_of_two_green_branches_stays_out(
    hub: Hub, pull: Path, context: Context, tmp_path: Path
) -> None:
    theirs = _commit_to_main(
        hub, tmp_path, "check.py", "import ecg.model as m\nassert m.WIDTH == 8\n"
    )
    decision = merge_pull(pull, 1, replace(GREEN, test_command="python3 check.py"), context)
    assert (decision.state, hub.repo.tip("main")) == ("refused", theirs)
    assert "red: exit code 1" in decision.reason
    assert hub.statuses[decision.head][0]["state"] == "failure"


def test_conflict_is_found_without_a_checkout(
    hub: Hub, pull: Path, context: Context, tmp_path: Path
) -> None:
    _commit_to_main(hub, tmp_path, "ecg/model.py", "WIDTH = 4\n")
    decision = merge_pull(pull, 1, replace(GREEN, test_command="touch /never"), context)
    assert (decision.state, decision.reason, decision.conflicts) == (
        "refused",
        "it conflicts with main",
        ("ecg/model.py",),
    )


def test_base_that_moves_during_the_tests_is_tested_again(
    hub: Hub, pull: Path, context: Context, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "-q", str(hub.repo.path), str(other)], check=True)
    mark = tmp_path / "moved"
    who = "git -c user.name=x -c user.email=x@example.invalid"
    add = f"cd '{other}' && echo x > late && git add . && {who} commit -qm late"
    push = f"{add} && git push -q origin main"
    command = f"test -e '{mark}' && test -e late || {{ touch '{mark}'; {push}; }}"
    decision = merge_pull(pull, 1, replace(GREEN, test_command=command), context)
    assert decision.state == "merged"
    assert hub.repo.git("show", "main:late") == "x" and hub.repo.tip("main") == decision.commit


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda hub: setattr(hub.pulls[1], "draft", True), "it is a draft"),
        (lambda hub: hub.pulls[1].reviews.clear(), "it needs 1 approval of its newest commit"),
        (
            lambda hub: hub.pulls[1].reviews[0].update(commit_id="0" * 40),
            "grace approved an older commit",
        ),
        (lambda hub: hub.review(1, "linus", "CHANGES_REQUESTED"), "linus asked for changes"),
        (lambda hub: hub.check(hub.repo.tip("wider"), "lint", "failure"), "the check lint is red"),
        (lambda hub: hub.check(hub.repo.tip("wider"), "lint", None), "the check lint still runs"),
        (lambda hub: hub.required_checks.append("build"), "the required check build is missing"),
        (lambda hub: setattr(hub, "required_approvals", 2), "it needs 2 approvals"),
        (lambda hub: hub.close(1), "it is closed"),
    ],
)
def test_refusals_have_one_clear_reason(
    hub: Hub, pull: Path, context: Context, change, reason
) -> None:  # type: ignore[no-untyped-def]
    change(hub)
    before = hub.repo.tip("main")
    decision = merge_pull(pull, 1, GREEN, context)
    assert (decision.state, decision.run, hub.repo.tip("main")) == ("refused", None, before)
    assert reason in decision.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda hub: setattr(hub.pulls[1], "draft", True),
            "**it is a draft: mark it ready for review**",
        ),
        (
            lambda hub: hub.pulls[1].reviews[0].update(commit_id="0" * 40),
            "grace approved an older commit",
        ),
        (
            lambda hub: hub.check(hub.repo.tip("wider"), "@team #1", "failure"),
            "**the check @\u200bteam #\u200b1 is red**",
        ),
    ],
)
def test_refusal_before_the_tests_is_told_in_one_comment(  # type: ignore[no-untyped-def]
    hub: Hub, pull: Path, context: Context, change, reason
) -> None:
    change(hub)
    merge_pull(pull, 1, GREEN, context)
    merge_pull(pull, 1, GREEN, context)
    (comment,) = hub.pulls[1].comments
    assert "### Merge Assistant: refused" in comment["body"] and reason in comment["body"]
    assert hub.statuses == {} and not [
        call for call in hub.calls if call.startswith("PATCH /issues")
    ]


def test_comment_of_a_refusal_is_edited_once_it_is_mended(
    hub: Hub, pull: Path, context: Context
) -> None:
    hub.pulls[1].draft = True
    merge_pull(pull, 1, GREEN, context)
    hub.pulls[1].draft = False
    merge_pull(pull, 1, GREEN, context)
    (comment,) = hub.pulls[1].comments
    assert "merged" in comment["body"] and "draft" not in comment["body"]


def test_conflict_is_told_to_the_pull_request(
    hub: Hub, pull: Path, context: Context, tmp_path: Path
) -> None:
    _commit_to_main(hub, tmp_path, "ecg/model.py", "WIDTH = 4\n")
    merge_pull(pull, 1, GREEN, context)
    (comment,) = hub.pulls[1].comments
    assert (
        "**it conflicts with main**" in comment["body"]
        and "- conflict in `ecg/model.py`" in comment["body"]
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_refusal_of_a_dry_run_or_of_a_closed_one_is_told_to_nobody(
    hub: Hub, pull: Path, context: Context, dry_run: bool
) -> None:
    if dry_run:
        hub.pulls[1].draft = True
    else:
        hub.close(1)
    assert merge_pull(pull, 1, replace(GREEN, dry_run=dry_run), context).state == "refused"
    assert hub.pulls[1].comments == []


@pytest.mark.parametrize("path", ["/statuses/", "/comments$"])
def test_forge_that_takes_no_comment_is_a_warning(
    hub: Hub, pull: Path, context: Context, path: str
) -> None:
    hub.faults.append(Fault("POST", path, 403, message="Resource not accessible by token"))
    decision = merge_pull(pull, 1, GREEN, context)
    assert (decision.state, hub.repo.tip("main")) == ("merged", decision.commit)
    assert "may not do this" in decision.warnings[0]


def test_fast_forward_of_a_protected_base_is_refused_before_the_tests(
    hub: Hub, pull: Path, context: Context
) -> None:
    hub.repo.protect("main")
    decision = merge_pull(pull, 1, replace(GREEN, method="ff"), context)
    assert (decision.state, decision.run) == (
        "refused",
        None,
    ) and "main is protected" in decision.reason


def test_later_approval_by_the_same_person_counts(hub: Hub, pull: Path, context: Context) -> None:
    hub.review(1, "grace", "CHANGES_REQUESTED")
    hub.review(1, "grace", "APPROVED")
    hub.review(1, "grace", "COMMENTED")
    assert merge_pull(pull, 1, GREEN, context).state == "merged"


def test_protected_base_is_merged_by_the_forge(hub: Hub, pull: Path, context: Context) -> None:
    hub.repo.protect("main")
    decision = merge_pull(pull, 1, GREEN, context)
    assert (decision.state, decision.commit) == ("merged", hub.repo.tip("main"))
    assert "PUT /pulls/1/merge" in hub.calls


@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_squash_and_rebase_go_by_the_forge(
    hub: Hub, pull: Path, context: Context, method: str
) -> None:
    decision = merge_pull(pull, 1, replace(GREEN, method=method), context)  # type: ignore[arg-type]
    assert decision.state == "merged" and "PUT /pulls/1/merge" in hub.calls
    assert hub.repo.git("show", "main:notes.md") == "wider"


@pytest.mark.parametrize("is_protected", [True, False])
def test_our_own_required_check_is_set_before_the_merge(
    hub: Hub, pull: Path, context: Context, is_protected: bool
) -> None:
    hub.required_checks.append("sweeptree/merge-result")
    if is_protected:
        hub.repo.protect("main")
    assert merge_pull(pull, 1, replace(GREEN, dry_run=True), context).state == "planned"
    assert merge_pull(pull, 1, GREEN, context).state == "merged"
    assert [call for call in hub.calls if "/statuses/" in call or "/merge" in call] == [
        f"POST /statuses/{hub.pulls[1].head}",
        "PUT /pulls/1/merge",
    ]


def test_a_red_result_is_told_to_the_required_check(hub: Hub, pull: Path, context: Context) -> None:
    hub.required_checks.append("sweeptree/merge-result")
    decision = merge_pull(pull, 1, replace(GREEN, test_command="false"), context)
    assert decision.state == "refused"
    assert hub.statuses[decision.head][-1]["state"] == "failure"


def test_another_red_required_check_still_forbids_the_merge(
    hub: Hub, pull: Path, context: Context
) -> None:
    hub.required_checks += ["sweeptree/merge-result", "build"]
    decision = merge_pull(pull, 1, GREEN, context)
    assert decision.reason == "the required check build is missing"


def test_base_moved_on_the_forge_is_tried_again(hub: Hub, pull: Path, context: Context) -> None:
    hub.repo.protect("main")
    message = "Base branch was modified. Review and try the merge again."
    hub.faults.append(Fault("PUT", "/merge$", 405, message=message))
    assert merge_pull(pull, 1, GREEN, context).state == "merged"


def test_head_that_moved_is_not_merged(hub: Hub, pull: Path, context: Context) -> None:
    hub.repo.protect("main")
    hub.faults.append(Fault("PUT", "/merge$", 409, message="Head branch was modified."))
    with pytest.raises(ForgeError) as failed:
        merge_pull(pull, 1, GREEN, context)
    assert failed.value.kind == "moved"


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (409, "Head branch was modified.", "moved"),
        (405, "Merge commits are not allowed on this repository.", "Merge commits are not allowed"),
    ],
)
def test_green_result_that_cannot_be_landed_is_told_to_the_pull_request(
    hub: Hub, pull: Path, context: Context, status: int, message: str, said: str
) -> None:
    hub.repo.protect("main")
    before = hub.repo.tip("main")
    hub.faults.append(Fault("PUT", "/merge$", status, message=message))
    with pytest.raises(ForgeError, match=said) as failed:
        merge_pull(pull, 1, GREEN, context)
    [comment] = hub.pulls[1].comments
    assert (failed.value.exit_code, hub.repo.tip("main")) == (4, before)
    assert "green, but it could not be landed" in comment["body"] and said in comment["body"]


def test_answer_of_the_merge_lost(hub: Hub, pull: Path, context: Context) -> None:
    hub.repo.protect("main")
    hub.faults.append(Fault("PUT", "/merge$", "drop", after=True))
    decision = merge_pull(pull, 1, GREEN, context)
    assert (decision.state, decision.commit) == ("merged", hub.repo.tip("main"))


def test_dry_run_tests_and_lands_nothing(hub: Hub, pull: Path, context: Context) -> None:
    before = git("for-each-ref", cwd=pull)
    hub.log.clear()
    decision = merge_pull(pull, 1, replace(GREEN, dry_run=True), context)
    assert (decision.state, decision.run, [file.path for file in decision.files]) == (
        "planned",
        None,
        ["ecg/model.py", "notes.md"],
    )
    assert git("for-each-ref", cwd=pull) == before
    assert [call for call in hub.calls if not call.startswith("GET")] == []


def test_without_a_yes_nothing_lands(hub: Hub, pull: Path, context: Context) -> None:
    before = hub.repo.tip("main")
    decision = merge_pull(pull, 1, replace(GREEN, confirm=lambda _: False), context)
    assert (decision.state, hub.repo.tip("main")) == ("ready", before)


def test_tests_see_no_token(
    hub: Hub, pull: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
    decision = merge_pull(pull, 1, replace(GREEN, test_command="env"), context)
    assert decision.run is not None
    assert "PATH=" in decision.run.tail and hub.token not in decision.run.tail


def test_one_merger_at_a_time(hub: Hub, pull: Path, context: Context) -> None:
    def second(_: object) -> bool:
        with pytest.raises(Refused, match="another merge into main"):
            merge_pull(pull, 1, GREEN, context)
        return True

    assert merge_pull(pull, 1, replace(GREEN, confirm=second), context).state == "merged"


def test_comment_is_written_once_and_edited(hub: Hub, pull: Path, context: Context) -> None:
    merge_pull(pull, 1, replace(GREEN, test_command="false"), context)
    merge_pull(pull, 1, replace(GREEN, confirm=lambda _: False), context)
    (comment,) = hub.pulls[1].comments
    assert "ready to merge" in comment["body"]


@pytest.fixture
def branch(clone: Path, tmp_path: Path) -> Path:
    """A worktree with one commit on main, in a repository without any remote."""
    git("remote", "remove", "origin", cwd=clone)
    top = tmp_path / "feature"
    git("worktree", "add", "-q", "-b", "feature", top, cwd=clone)
    (top / "ecg" / "model.py").write_text("WIDTH = 16\n")
    git("commit", "-q", "-am", "wider", cwd=top)
    return top


def test_local_merge_loads_nothing_of_the_forge_s_or_the_settings(
    clone: Path, branch: Path
) -> None:
    heavy = ("github", "pydantic_settings", "pandas", "prefect")
    code = (
        "import sys; from sweeptree.cli.app import run_command_line as run\n"
        "assert run(sys.argv[1:]) == 0\n"
        f"sys.exit(' '.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    )
    words = ["merge", str(branch), "--base", "main", "--test_command", "true"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=clone, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.cpu_count() == 1, reason="git writes with one process on one core")
def test_files_of_the_result_are_written_by_several_processes(
    clone: Path, branch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):  # git itself begins at 100 files
        (branch / f"file{number}").write_text(f"{number}\n")
    git("add", ".", cwd=branch)
    git("commit", "-q", "-m", "many files", cwd=branch)
    (tmp_path / "gitconfig").write_text(f"[trace2]\n\tnormalTarget = {tmp_path / 'trace'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert merge_worktree(branch, GREEN).state == "merged"
    assert "checkout--worker" in (tmp_path / "trace").read_text()
