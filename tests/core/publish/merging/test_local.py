"""Merging a worktree's branch into a local base, without any forge."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import commit
from sweeptree.errors import Refused, UsageError
from sweeptree.publish.merging import MergeOptions, merge_worktree

GREEN = MergeOptions(test_command="true")


@pytest.fixture
def branch(repo: Path, tmp_path: Path) -> Path:
    """A worktree one commit ahead of main: a changed file and a new one."""
    top = tmp_path / "feature"
    git("worktree", "add", "-q", "-b", "feature", top, cwd=repo)
    (top / "ecg" / "model.py").write_text("WIDTH = 16\n")
    git("add", ".", cwd=top)
    commit(top, "new.py", "1\n", message="wider")
    return top


@pytest.mark.parametrize("method", ["merge", "squash", "rebase", "ff"])
def test_the_base_moves_with_its_files(repo: Path, branch: Path, method: str) -> None:
    decision = merge_worktree(branch, replace(GREEN, method=method))  # type: ignore[arg-type]
    assert (decision.state, decision.commit) == ("merged", git("rev-parse", "main", cwd=repo))
    assert (repo / "ecg" / "model.py").read_text() == "WIDTH = 16\n"
    assert git("status", "--porcelain", cwd=repo) == ""


def test_a_base_that_nobody_is_on(repo: Path, branch: Path) -> None:
    git("checkout", "-q", "--detach", cwd=repo)
    decision = merge_worktree(branch, GREEN)
    assert decision.commit == git("rev-parse", "main", cwd=repo)
    assert (repo / "ecg" / "model.py").read_text() == "WIDTH = 8\n"


@pytest.mark.parametrize("dry_run", [True, False])
def test_work_in_the_base_s_checkout_is_named_before_the_tests(
    repo: Path, branch: Path, tmp_path: Path, dry_run: bool
) -> None:
    (repo / "train.py").write_text("in the middle\n")
    options = replace(GREEN, test_command=f"touch '{tmp_path}/ran'", dry_run=dry_run)
    with pytest.raises(Refused, match="is on main and has changes"):
        merge_worktree(branch, options)
    assert (repo / "train.py").read_text() == "in the middle\n"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_ignored_file_is_not_overwritten(repo: Path, branch: Path, dry_run: bool) -> None:
    (repo / ".git" / "info" / "exclude").write_text("new.py\n")
    (repo / "new.py").write_text("mine\n")
    with pytest.raises(Refused, match=r"a file of its own at new\.py"):
        merge_worktree(branch, replace(GREEN, dry_run=dry_run))
    assert (repo / "new.py").read_text() == "mine\n"


def test_a_base_that_has_it_already_needs_no_clean_checkout(repo: Path, branch: Path) -> None:
    merge_worktree(branch, GREEN)
    (repo / "train.py").write_text("in the middle\n")
    assert merge_worktree(branch, GREEN).state == "up-to-date"


def test_uncommitted_work_is_not_merged(branch: Path) -> None:
    (branch / "train.py").write_text("more\n")
    with pytest.raises(Refused, match=r"not committed: train\.py"):
        merge_worktree(branch, GREEN)


@pytest.mark.parametrize(
    ("base", "said"), [("feature", "is on feature itself"), ("x", "no branch")]
)
def test_a_base_must_be_another_branch_that_exists(branch: Path, base: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        merge_worktree(branch, replace(GREEN, base=base))


def test_a_base_that_went_on_is_rebased_onto(repo: Path, branch: Path) -> None:
    commit(repo, "other", "x", message="other")
    options = replace(GREEN, method="rebase", test_command="test -e other")
    assert merge_worktree(branch, options).state == "merged"
    assert git("log", "--format=%s", "main", cwd=repo).split() == ["wider", "other", "first"]
