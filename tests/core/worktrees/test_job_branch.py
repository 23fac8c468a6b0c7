"""What a job changed, as a branch of its own."""

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import sh
from sweeptree.errors import GitError, Refused, UsageError
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, in_place, plumbing, resolve_base
from sweeptree.repository.commits import is_whole, write_tree
from sweeptree.worktrees import commit_changes, job_branch


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


@pytest.mark.parametrize("pruned", ["made.txt", ""])
def test_what_is_pruned_while_it_is_made_is_made_again(
    worktree: Worktree, monkeypatch: pytest.MonkeyPatch, pruned: str
) -> None:
    sh(worktree, "echo some >> train.py; echo words > made.txt")
    times = iter(range(9))

    def prune_once(top: Path, index: Path, paths: list[str], env: dict[str, str]) -> str:
        tree = write_tree(top, index, paths, env)
        if next(times) == 0:
            inside = plumbing.run(top, "rev-parse", f"{tree}:{pruned}", call=plumbing.Call(env=env))
            name = inside.decode().strip()
            Path(env["GIT_OBJECT_DIRECTORY"], name[:2], name[2:]).unlink()
        return tree

    monkeypatch.setattr(job_branch, "write_tree", prune_once)
    branch = commit_changes(worktree, branch="b", message="m", paths=["made.txt"])
    assert branch.name == "b"
    assert git("show", "b:made.txt", cwd=worktree.top) == "words"
    git("fsck", "--connectivity-only", "b", cwd=worktree.top)
    assert next(times) == 2


@pytest.mark.slow
def test_branches_are_whole_beside_a_pruning_gc(worktree: Worktree) -> None:
    stop = threading.Event()

    def prune() -> None:
        while not stop.is_set():
            git("reflog", "expire", "--expire=now", "--all", cwd=worktree.top)
            subprocess.run(["git", "gc", "-q", "--prune=now"], cwd=worktree.top, check=False)

    pruning = threading.Thread(target=prune)
    pruning.start()
    try:
        for number in range(6):
            sh(worktree, f"echo {number} >> train.py")
            commit_changes(worktree, branch=f"b{number}", message="m")
    finally:
        stop.set()
        pruning.join()
    for number in range(6):
        git("rev-list", "--objects", "--quiet", f"b{number}", cwd=worktree.top)


def test_a_branch_whose_commit_was_pruned_is_made_again(
    worktree: Worktree, monkeypatch: pytest.MonkeyPatch
) -> None:
    sh(worktree, "echo some >> train.py")
    made: list[str] = []

    def prune_first(top: Path, commit: str, base: str) -> bool:
        if not made:
            objects = top / git("rev-parse", "--git-path", "objects", cwd=top)
            shutil.rmtree(objects / "pack")
        made.append(commit)
        return is_whole(top, commit, base)

    monkeypatch.setattr(job_branch, "is_whole", prune_first)
    assert commit_changes(worktree, branch="b", message="m").name == "b"
    git("rev-list", "--objects", "--quiet", "b", cwd=worktree.top)
    assert len(made) == 2
