"""What a name means: commits, branches, trees, deliveries."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import UsageError
from sweeptree.repository import branches


def commit(repo: Path) -> str:
    git("commit", "-q", "--allow-empty", "-m", "next", cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


def test_names_lead_to_commits_and_trees(repo: Path) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    assert branches.commit_of(repo, "main") == branches.local_branch(repo, "main") == head
    assert branches.commit_of(repo, "gone") is None
    assert branches.find_tree_id(repo, head) == branches.tree_id(repo, head)
    assert branches.find_tree_id(repo, "0" * 40) is None


def test_a_delivery_is_remembered_and_moves_the_branch_forward(repo: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=repo)
    second = commit(repo)
    for delivered in (first, second):
        branches.remember_delivery(repo, "work", delivered)
        assert branches.last_delivery(repo, "work") == delivered
        assert branches.local_branch(repo, "work") == delivered


def test_a_branch_never_goes_back(repo: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=repo)
    second = commit(repo)
    branches.remember_delivery(repo, "work", second)
    branches.remember_delivery(repo, "work", first)
    assert branches.local_branch(repo, "work") == second


def test_a_branch_that_is_checked_out_is_not_moved(repo: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=repo)
    later = git("commit-tree", "-p", first, "-m", "x", f"{first}^{{tree}}", cwd=repo)
    branches.remember_delivery(repo, "main", later)
    assert branches.local_branch(repo, "main") == first
    assert branches.last_delivery(repo, "main") == later


def test_checkouts_name_the_worktree_of_a_branch(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "side", tmp_path / "w", cwd=repo)
    assert branches.checkouts(repo) == {"main": repo, "side": tmp_path / "w"}
    assert branches.current_branch(tmp_path / "w") == "side"


def test_root_of_a_worktree_is_found_from_below(repo: Path, tmp_path: Path) -> None:
    assert branches.worktree_top(repo / "ecg") == repo
    with pytest.raises(UsageError, match="not in a git worktree"):
        branches.worktree_top(tmp_path)
