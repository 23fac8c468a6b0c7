"""Git commands of others, which lock git's entry of a worktree while jobs come and go."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers import git

from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool, registry
from sweeptree.worktrees.tree import compare, picture

LOOKS = 3000
MOVES = 100
FLICKER = """
import os, sys
print("ready", flush=True)
while True:
    os.close(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY))
    os.unlink(sys.argv[1])
"""


@contextlib.contextmanager
def flickering(file: Path) -> Iterator[None]:
    """A process that makes and deletes a file all the time."""
    argv = [sys.executable, "-c", FLICKER, str(file)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def test_a_lock_that_stood_there_during_a_reset_is_not_missed_later(repo: Path) -> None:
    found, lock = find_repository(repo), repo / ".git" / "worktrees" / "slot_0" / "HEAD.lock"
    (repo / ".git" / "info" / "attributes").write_text("train.py filter=other\n")
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        worktree = pool.acquire(0)
        (worktree.top / "train.py").write_text("broken")
        git("config", "filter.other.smudge", f"touch '{lock}'; cat", cwd=repo)
        pool.release(worktree, keep=False)
        worktree = pool.acquire(1)
        lock.unlink()
        pool.release(worktree, keep=False)
        assert pool.acquire(2) == worktree
        assert not lock.exists()


def test_a_lock_that_stood_there_when_a_worktree_was_made_does_not_come_back(repo: Path) -> None:
    found, lock = (
        find_repository(repo),
        repo / ".git" / "worktrees" / "slot_0" / "logs" / "HEAD.lock",
    )
    (repo / ".git" / "info" / "attributes").write_text("train.py filter=other\n")
    git("config", "filter.other.smudge", f"touch '{lock}'; cat", cwd=repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        worktree = pool.acquire(0)
        lock.unlink()
        pool.release(worktree, keep=False)
        assert pool.acquire(1) == worktree
        assert not lock.exists()


def test_a_file_that_vanishes_while_it_is_looked_at_was_not_there(tmp_path: Path) -> None:
    old = picture(tmp_path)
    with flickering(tmp_path / "HEAD.lock"):
        for _ in range(LOOKS):
            assert set(picture(tmp_path).files) <= {"HEAD.lock"}
            assert set(compare(tmp_path, old).extra) <= {"HEAD.lock"}


def test_a_lock_that_comes_and_goes_does_not_stop_a_worktree_from_being_moved(repo: Path) -> None:
    found, places = (
        find_repository(repo),
        [repo / ".sweeptree" / "wt" / name for name in ("here", "there")],
    )
    entry = registry.add(found, places[0], "HEAD")
    with flickering(entry / "HEAD.lock"):
        for number in range(MOVES):
            registry.move(found, entry, places[number % 2], places[1 - number % 2])
    assert registry.entry_of(places[MOVES % 2]) == entry
