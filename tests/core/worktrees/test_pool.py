"""A sweep's worktrees: where they stand, what they hold, what is kept, what is removed."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool, registered, sh
from sweeptree.errors import Refused, UsageError, WorktreeGone
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool

AWKWARD = ["with space", "ünïcode 心電図", "new\nline", "quote'\"", "-dash"]


@pytest.mark.parametrize("name", AWKWARD)
def test_worktree_in_a_repository_with_an_awkward_name(repo: Path, name: str) -> None:
    place = repo.rename(repo.with_name(name))
    with make_pool(place) as pool:
        worktree = pool.acquire(0)
        assert worktree.top == place / ".sweeptree/wt/exp/slot_0"
        assert (worktree.top / "train.py").read_bytes() == (place / "train.py").read_bytes()
        assert pool.release(worktree, keep=True) == place / ".sweeptree/wt/exp/job_0"
    assert str(place / ".sweeptree/wt/exp/job_0") in registered(place)


def test_worktree_starts_in_the_users_subfolder(repo: Path) -> None:
    with make_pool(repo / "ecg") as pool:
        worktree = pool.acquire()
        assert worktree.path == worktree.top / "ecg"


def test_subfolder_outside_the_commit_is_refused(repo: Path) -> None:
    (repo / "new").mkdir()
    with pytest.raises(Refused, match="not in HEAD"), make_pool(repo / "new"):
        pass


def test_from_a_linked_worktree_they_stand_in_the_main_one(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "w", cwd=repo)
    with make_pool(tmp_path / "w") as pool:
        assert pool.acquire().top.is_relative_to(repo / ".sweeptree")


@pytest.mark.parametrize("kind", ["--bare", "--depth=1"])
def test_bare_and_shallow_repositories(repo: Path, tmp_path: Path, kind: str) -> None:
    git("clone", "-q", kind, repo.as_uri(), tmp_path / "c", cwd=tmp_path)
    with make_pool(tmp_path / "c") as pool:
        assert (pool.acquire().top / "train.py").exists()
    assert not (tmp_path / "c/.sweeptree").exists() or not list(
        (tmp_path / "c/.sweeptree").iterdir()
    )


def test_same_worktree_serves_job_after_job(repo: Path) -> None:
    with make_pool(repo) as pool:
        first = pool.acquire(0)
        pool.release(first, keep=False)
        assert pool.acquire(1) == first


def test_nothing_stays_after_the_sweep(repo: Path) -> None:
    with make_pool(repo, size=2) as pool:
        for worktree in [pool.acquire(0), pool.acquire(1)]:
            sh(worktree, "echo x >> train.py; mkdir ro; touch ro/a; chmod 500 ro")
            pool.release(worktree, keep=False)
    assert registered(repo) == [str(repo)]
    assert not (repo / ".sweeptree").exists()
    assert git("status", "--porcelain", cwd=repo) == ""


def test_exclude_has_our_line_once(repo: Path) -> None:
    (repo / ".git/info/exclude").write_text("mine")
    for _ in range(2):
        with make_pool(repo):
            pass
    assert (repo / ".git/info/exclude").read_text() == "mine\n/.sweeptree/\n"


def test_hooks_of_the_repository_do_not_run(repo: Path) -> None:
    hook = repo / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{repo}/HOOKED'\n")
    hook.chmod(0o755)
    with make_pool(repo) as pool:
        pool.acquire()
    assert not (repo / "HOOKED").exists()


def test_kept_worktree_is_findable_and_stays(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(7)
        sh(worktree, "echo work > made.txt")
        kept = pool.release(worktree, keep=True)
        assert pool.acquire(8).top != worktree.top
    assert kept == repo / ".sweeptree/wt/exp/job_7"
    assert (kept / "made.txt").read_text() == "work\n"
    assert registered(repo) == [str(repo), str(kept)]
    assert git("status", "--porcelain", cwd=kept) == "?? made.txt"


def test_kept_worktree_of_an_earlier_sweep_is_not_replaced(repo: Path) -> None:
    places = []
    for _ in range(2):
        with make_pool(repo) as pool:
            places.append(pool.release(pool.acquire(), keep=True, index=7))
    assert [place.name for place in places if place] == ["job_7", "job_7-2"]


def test_worktree_replaced_by_another_repository_is_put_aside(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(5)
        sh(worktree, "rm .git; git init -q; git add .; git commit -qm mine")
        pool.release(worktree, keep=False)
        pool.acquire(6)
    aside = repo / ".sweeptree/wt/exp/job_5"
    assert git("log", "--format=%s", cwd=aside) == "mine"
    assert registered(repo) == [str(repo)]


def test_foreign_worktree_cannot_be_released(repo: Path) -> None:
    with make_pool(repo) as pool, pytest.raises(WorktreeGone, match="not a worktree of this sweep"):
        pool.release(Worktree(repo, repo, "", 9), keep=False)


@pytest.mark.parametrize("name", ["../x", "", "-rf", "a.lock", "a/b", "a\n"])
def test_hostile_name_of_a_sweep_is_a_mistake(repo: Path, name: str) -> None:
    found = find_repository(repo)
    with pytest.raises(UsageError):
        Pool(found, resolve_base(found, "HEAD"), name, size=1)
    assert not (repo / ".sweeptree").exists()


def test_acquire_waits_for_room(repo: Path) -> None:
    with make_pool(repo) as pool:
        first = pool.acquire(0)
        with ThreadPoolExecutor(1) as threads:
            second = threads.submit(pool.acquire, 1)
            assert not second.done()
            pool.release(first, keep=False)
            assert second.result(60) == first


def foreign_git(repo: Path, tmp_path: Path, stop: threading.Event) -> None:
    """Somebody who adds and removes worktrees and collects garbage all the time."""
    count = 0
    while not stop.is_set():
        place = tmp_path / f"foreign_{count}"
        git("worktree", "add", "-q", "--detach", place, cwd=repo, check=False)
        git("worktree", "remove", "--force", place, cwd=repo, check=False)
        if count % 4 == 0:
            git("gc", "-q", "--prune=now", cwd=repo, check=False)
            git("worktree", "prune", "--expire=now", cwd=repo, check=False)
        count += 1


def each_job(pool: Pool, errors: list[str]) -> Callable[[int], None]:
    def one(index: int) -> None:
        worktree = pool.acquire(index)
        if git("status", "--porcelain", cwd=worktree.top):
            errors.append(f"job {index} found a mess")
        (worktree.top / "train.py").write_text(str(index))
        (worktree.top / f"new_{index}").write_text("")
        pool.release(worktree, keep=index % 10 == 0)

    return one


@pytest.mark.slow
def test_no_job_is_lost_beside_foreign_worktrees_and_gc(repo: Path, tmp_path: Path) -> None:
    stop, errors = threading.Event(), list[str]()
    noise = threading.Thread(target=foreign_git, args=(repo, tmp_path, stop))
    noise.start()
    try:
        with make_pool(repo, size=4) as pool, ThreadPoolExecutor(4) as drivers:
            list(drivers.map(each_job(pool, errors), range(40)))
    finally:
        stop.set()
        noise.join()
    assert errors == []
    kept = [repo / f".sweeptree/wt/exp/job_{index}" for index in (0, 10, 20, 30)]
    assert [path.name for path in kept if f"new_{path.name[4:]}" in os.listdir(path)] == [
        p.name for p in kept
    ]
