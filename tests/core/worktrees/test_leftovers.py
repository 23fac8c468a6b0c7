"""Worktrees that a killed sweep left: adopted, kept for their work, or removed."""

import subprocess
from pathlib import Path

import pytest

from core.worktree_kit import crash, make_pool, registered
from sweeptree.worktrees import kept_place


def test_worktree_of_a_killed_sweep_is_adopted_by_job(repo: Path) -> None:
    left = crash(repo, "echo work > made.txt")
    with make_pool(repo) as pool:
        assert pool.adopt(3) is None
        worktree = pool.adopt(4)
        assert worktree is not None
        assert (worktree.top / "made.txt").exists()
        assert pool.acquire(5).top != left
        assert pool.release(worktree, keep=True) == left.with_name("job_4")


def test_work_of_a_killed_sweep_is_kept(repo: Path) -> None:
    left = crash(repo, "echo work > made.txt")
    with make_pool(repo):
        pass
    assert not left.exists()
    assert (left.with_name("job_4") / "made.txt").read_text() == "work\n"


@pytest.mark.parametrize("script", ["mkdir results; echo w > results/a", "echo w > a.secret"])
def test_ignored_work_of_a_killed_sweep_is_kept(repo: Path, script: str) -> None:
    left = crash(repo, script)
    with make_pool(repo):
        pass
    kept = left.with_name("job_4")
    assert (kept / script.rsplit(maxsplit=1)[-1]).read_text() == "w\n"
    assert registered(repo) == [str(repo), str(kept)]


@pytest.mark.parametrize("script", ["true", "mkdir ecg/__pycache__; echo x > ecg/__pycache__/a"])
def test_empty_worktree_of_a_killed_sweep_is_removed(repo: Path, script: str) -> None:
    crash(repo, script)
    with make_pool(repo):
        pass
    assert registered(repo) == [str(repo)]


def test_worktree_with_a_running_job_is_left_alone(repo: Path) -> None:
    left = crash(repo, "true")
    job = subprocess.Popen(["sleep", "60"], cwd=left)
    try:
        with make_pool(repo) as pool:
            pool.acquire(5)
        assert left.exists()
    finally:
        job.kill()
        job.wait()


def test_the_last_kept_worktree_of_a_job_is_found(repo: Path) -> None:
    with make_pool(repo) as pool:
        kept = [pool.release(pool.acquire(job), keep=True, index=job) for job in (1, 1, 12)]
    assert kept[1] is not None
    folder = kept[1].parent
    (folder / "job_1-9").mkdir()
    assert kept_place(folder, 1) == kept[1] == folder / "job_1-2"
    assert kept_place(folder, 2) is None
