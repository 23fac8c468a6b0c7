"""Worktrees for a moment, and merges that need files."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import registered
from sweeptree.repository import find_repository
from sweeptree.worktrees import merge_commit, temporary_worktree


def test_a_temporary_worktree_goes_with_all_that_is_in_it(repo: Path) -> None:
    with temporary_worktree(find_repository(repo), "HEAD") as top:
        assert (top / "train.py").exists()
        (top / "left").write_text("x")
    assert not top.exists()
    assert registered(repo) == [str(repo)]


def side_branch(repo: Path, text: str) -> tuple[str, str]:
    """Commits of main and of a branch that changed train.py, which main left alone."""
    git("checkout", "-qb", "side", cwd=repo)
    (repo / "train.py").write_text(text)
    git("commit", "-qam", "side", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    (repo / "ecg/model.py").write_text("other\n")
    git("commit", "-qam", "main", cwd=repo)
    return git("rev-parse", "main", cwd=repo), git("rev-parse", "side", cwd=repo)


@pytest.mark.parametrize(("style", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_merge_commit_holds_both_sides(repo: Path, style: str, parents: int) -> None:
    base, head = side_branch(repo, "side\n")
    commit = merge_commit(find_repository(repo), base, head, style=style, message="merge")
    assert git("show", f"{commit}:train.py", cwd=repo) == "side"
    assert git("show", f"{commit}:ecg/model.py", cwd=repo) == "other"
    assert len(git("rev-parse", f"{commit}^@", cwd=repo).split()) == parents


def test_fast_forward_needs_a_straight_line(repo: Path) -> None:
    base, head = side_branch(repo, "side\n")
    found = find_repository(repo)
    assert merge_commit(found, base, head, style="ff", message="") is None
    assert merge_commit(found, f"{base}^", base, style="ff", message="") == base
