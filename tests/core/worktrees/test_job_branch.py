"""What a job changed, as a branch of its own."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import sh
from sweeptree.errors import GitError, Refused, UsageError
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, in_place, resolve_base
from sweeptree.worktrees import commit_changes


def test_branch_holds_tracked_changes_only(worktree: Worktree) -> None:
    sh(worktree, "echo x >> train.py; rm ecg/model.py; echo y > made.txt")
    branch = commit_changes(worktree, branch="sweeptree/exp/job-0-abc", message="job 0")
    shown = git(
        "show", "--format=%s|%P|%an", "--name-status", branch.commit, cwd=worktree.top
    ).split("\n")
    assert shown == [
        f"job 0|{worktree.base_commit}|Ada Author",
        "",
        "D\tecg/model.py",
        "M\ttrain.py",
    ]
    assert git("rev-parse", f"refs/heads/{branch.name}", cwd=worktree.top) == branch.commit


def test_named_files_go_in_too(worktree: Worktree) -> None:
    sh(worktree, "mkdir results; echo y > results/a.txt; echo z > b")
    branch = commit_changes(worktree, branch="b", message="m", paths=["results/a.txt"])
    names = git("diff", "--name-only", worktree.base_commit, branch.commit, cwd=worktree.top)
    assert names == "results/a.txt"


def test_commit_leaves_index_and_head_of_the_job(worktree: Worktree) -> None:
    sh(worktree, "echo x >> train.py")
    before = git("status", "--porcelain=v2", "--branch", cwd=worktree.top)
    commit_changes(worktree, branch="b", message="m")
    assert git("status", "--porcelain=v2", "--branch", cwd=worktree.top) == before


def test_same_branch_is_adopted(worktree: Worktree) -> None:
    sh(worktree, "echo x >> train.py")
    first = commit_changes(worktree, branch="b", message="m")
    assert commit_changes(worktree, branch="b", message="other words") == first


def test_branch_with_other_content_gets_a_suffix(worktree: Worktree) -> None:
    git("branch", "b", cwd=worktree.top)
    sh(worktree, "echo x >> train.py")
    assert commit_changes(worktree, branch="b", message="m").name == "b-2"
    assert git("rev-parse", "b", cwd=worktree.top) == worktree.base_commit


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "../x", "a.lock", ""])
def test_impossible_branch_is_a_mistake(worktree: Worktree, name: str) -> None:
    sh(worktree, "echo x >> train.py")
    with pytest.raises(UsageError, match="name of a branch"):
        commit_changes(worktree, branch=name, message="m")


def test_hostile_branch_name_runs_nothing(worktree: Worktree) -> None:
    sh(worktree, "echo x >> train.py")
    commit_changes(worktree, branch="`touch${IFS}HACK`;$(id)", message="$(touch HACK)")
    assert not list(worktree.top.glob("*HACK*"))


def test_nothing_to_commit_is_an_error(worktree: Worktree) -> None:
    with pytest.raises(GitError, match="changed no tracked file"):
        commit_changes(worktree, branch="b", message="m")


def test_commit_in_place_is_refused(repo: Path) -> None:
    found = find_repository(repo)
    with pytest.raises(Refused, match="the repository itself"):
        commit_changes(in_place(found, resolve_base(found, "HEAD")), branch="b", message="m")
