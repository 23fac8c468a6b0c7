"""Git's own book-keeping of worktrees, beside others who change it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.worktree_kit import make_pool
from sweeptree.errors import GitError
from sweeptree.repository import plumbing


def test_worktrees_are_added_under_the_lock_of_the_repository(repo: Path) -> None:
    with make_pool(repo) as pool, ThreadPoolExecutor(1) as threads:
        with plumbing.worktrees_lock(repo / ".git"):
            waiting = threads.submit(pool.acquire)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            assert not (repo / ".git/worktrees").exists()
        assert (waiting.result(60).top / "train.py").exists()


def poison(repo: Path) -> Path:
    """A sibling entry that somebody's `git worktree add` has only half written: every other add
    fails on it."""
    entry = repo / ".git/worktrees/theirs"
    entry.mkdir(parents=True)
    (entry / "gitdir").write_text("/nowhere/.git\n")
    (entry / "HEAD").write_text("ref: refs/heads/main\n")
    (entry / "commondir").touch()
    return entry


def test_lost_race_is_run_again(repo: Path) -> None:
    entry = poison(repo)
    with make_pool(repo) as pool:
        timer = threading.Timer(0.05, (entry / "commondir").write_text, ["../..\n"])
        timer.start()
        assert (pool.acquire().top / "train.py").exists()
        timer.join()


@pytest.mark.slow
def test_lost_race_without_end_is_an_error_that_leaves_nothing(repo: Path) -> None:
    poison(repo)
    with make_pool(repo) as pool, pytest.raises(GitError, match="commondir") as caught:
        pool.acquire()
    assert "git worktree prune" in caught.value.hint[0]
    assert not (repo / ".sweeptree").exists()
