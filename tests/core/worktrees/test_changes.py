"""What a job changed, and the branch that holds it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import GitError, Refused, UsageError, WorktreeGone
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, in_place, resolve_base
from sweeptree.worktrees import Pool, changes, commit_changes


@pytest.fixture
def worktree(repo: Path) -> Iterator[Worktree]:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (repo / "a.secret").write_text("s")
    found = find_repository(repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        yield pool.acquire(0)


def sh(worktree: Worktree, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=worktree.top, check=True, capture_output=True)


def test_untouched_worktree_has_no_changes(worktree: Worktree) -> None:
    assert (worktree.top / "data/x.csv").exists()
    assert (worktree.top / "a.secret").exists()
    found = changes(worktree)
    assert (found.tracked, found.made, found.notes) == ((), (), ())


@pytest.mark.parametrize(
    ("script", "tracked", "made"),
    [
        ("echo x >> train.py", ("train.py",), ()),
        ("rm train.py", ("train.py",), ()),
        ("chmod +x train.py", ("train.py",), ()),
        ("touch train.py", (), ()),
        ("printf X | dd of=train.py conv=notrunc", ("train.py",), ()),
        ("echo x >> train.py; git commit -qam x", ("train.py",), ()),
        ("echo x > new.py; git add new.py", ("new.py",), ()),
        (
            "echo x > new.py; git add new.py; git commit -qm x; echo y > other",
            ("new.py",),
            ("other",),
        ),
        ("mkdir results; echo x > results/a; echo y > b", (), ("b", "results/a")),
        ("git update-index --skip-worktree train.py; echo x >> train.py", ("train.py",), ()),
        ("git checkout -q -b br; echo x >> ecg/model.py", ("ecg/model.py",), ()),
        ("echo x > \"$(printf 'a\\nb')\"; echo x > 'ü \"q\"'", (), ("a\nb", 'ü "q"')),
        ("rm -r ecg; ln -s /etc ecg", ("ecg/model.py",), ("ecg",)),
        ('echo broken > "$(git rev-parse --git-dir)/index"; echo x >> train.py', ("train.py",), ()),
        ("rm a.secret data", (), ()),
    ],
)
def test_changes_are_told_from_files_made(
    worktree: Worktree, script: str, tracked: tuple, made: tuple
) -> None:
    sh(worktree, script)
    found = changes(worktree)
    assert (found.tracked, found.made) == (tracked, made)


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("git config core.autocrlf true", "the repository's config changed"),
        (
            'h="$(git rev-parse --git-path hooks)"; mkdir -p "$h"; touch "$h/post-checkout"',
            "hooks changed",
        ),
        ('echo a >> "$(git rev-parse --git-path info/exclude)"', "info/exclude changed"),
        ("git branch br", "refs/heads/br was made or moved"),
        ("git branch -D side", "refs/heads/side was deleted"),
        ("echo x >> train.py; git stash -q", "refs/stash was made or moved"),
        ("git pack-refs --all; git branch -D side", "deleted"),
    ],
)
def test_changes_of_what_all_share_are_noted(repo: Path, script: str, note: str) -> None:
    git("branch", "side", cwd=repo)
    found = find_repository(repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        worktree = pool.acquire(0)
        sh(worktree, script)
        assert note in " ".join(changes(worktree).notes)


def test_gc_and_pack_refs_are_no_change(worktree: Worktree) -> None:
    sh(worktree, "git pack-refs --all; git gc -q --prune=now")
    assert changes(worktree).notes == ()


def test_removed_worktree_is_an_error(worktree: Worktree) -> None:
    sh(worktree, "rm .git")
    with pytest.raises(WorktreeGone, match="removed or replaced"):
        changes(worktree)


def test_changes_in_place_are_nobodys(repo: Path) -> None:
    found = find_repository(repo)
    (repo / "train.py").write_text("")
    assert changes(in_place(found, resolve_base(found, "HEAD"))).tracked == ()


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
