"""Pools of worktrees for tests, and what is left when their process is killed."""

import multiprocessing
import os
import signal
import subprocess
from pathlib import Path

from helpers import git

from sweeptree.model import Worktree
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool


def make_pool(start: Path, size: int = 1, **options: list[str]) -> Pool:
    found = find_repository(start)
    return Pool(found, resolve_base(found, "HEAD"), "exp", size=size, **options)


def sh(worktree: Worktree, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=worktree.top, check=True, capture_output=True)


def registered(repo: Path) -> list[str]:
    listing = git("worktree", "list", "--porcelain", "-z", cwd=repo).split("\0")
    return [line.removeprefix("worktree ") for line in listing if line.startswith("worktree ")]


def refs(repo: Path) -> list[str]:
    return git("for-each-ref", "--format=%(refname)", "refs/sweeptree", cwd=repo).split()


def die_with_a_worktree(repo: Path, script: str) -> None:
    pool = make_pool(repo)
    pool.open()
    worktree = pool.acquire(4)
    sh(worktree, script)
    os.kill(os.getpid(), signal.SIGKILL)


def crash(repo: Path, script: str) -> Path:
    """A sweep whose process is killed while job 4 has a worktree; returns the worktree."""
    child = multiprocessing.get_context("fork").Process(
        target=die_with_a_worktree, args=(repo, script)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    return repo / ".sweeptree/wt/exp/slot_0"
