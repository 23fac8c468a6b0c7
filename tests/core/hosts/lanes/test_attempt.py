"""One leased attempt: under its number, taken over, ended, or told again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.sweep.kit import opened, paths_of
from sweeptree import supervise
from sweeptree.hosts.lanes.attempt import OneAttempt
from sweeptree.hosts.lanes.came import Came, came_of
from sweeptree.hosts.values import Leased
from sweeptree.model import JobRecord, JobState
from sweeptree.sweep import attempts, stages
from sweeptree.sweep.executor import Means
from sweeptree.sweep.launches import Line, make_launch
from sweeptree.sweep.life import Start, run_job
from sweeptree.sweep.results import SoFar, run_directly
from sweeptree.sweep.running import JobContext, Sweep


@dataclass
class Kept:
    commit: str
    left_out: tuple[str, ...] = ()


def keep(job: JobContext, came: SoFar) -> Kept:
    assert came.worktree is not None
    text = (came.worktree.top / "train.py").read_text()
    return Kept(f"{job.index}.{came.attempt} {'new' in text}", ("big.bin: too large",))


def run(sweep: Sweep, number: int, memory: int = 0) -> tuple[JobRecord, Came]:
    attempt = OneAttempt(Leased(0, number, memory), keep)
    record = run_job(sweep.job(0), Start.COMMAND, Means(attempt, run_directly)).record
    came = came_of(record, attempt)
    assert came is not None
    return record, came


def begun(job: JobContext, number: int) -> supervise.Keeper:
    """An attempt whose lane died: its keeper lives, the record says nothing."""
    so_far = SoFar().on_attempt(number)
    so_far = so_far.with_worktree(stages.prepare_worktree(job, so_far).worktree)
    keeper = supervise.start(make_launch(job, so_far, Line(job.job.command)))
    attempts.await_start(job, so_far, keeper, job.paths.attempt(0, number, "started"))
    return keeper


@pytest.fixture(autouse=True)
def _tidy(repo: Path) -> Iterator[None]:
    """Whatever a test leaves running ends with it."""
    yield
    mark = f"@{paths_of(repo).mark}"
    supervise.sweep_orphans("exp:", lambda name: not name.endswith(mark))


def test_it_runs_once_under_the_number_of_its_lease(repo: Path) -> None:
    with opened(repo, "exit 1", retries=3) as sweep:
        record, came = run(sweep, 7)
    assert [(each.number, each.state) for each in record.attempts] == [(7, JobState.FAILED)]
    assert (came.state, came.content) == (JobState.FAILED, None)


def test_what_a_good_one_changed_is_kept_before_its_worktree_goes(repo: Path) -> None:
    with opened(repo, "echo new >> train.py") as sweep:
        record, came = run(sweep, 2)
    assert came.content == "0.2 True"
    assert came.left.notes == ("big.bin: too large",)
    assert (came.left.artifacts, came.left.has_work) == (("train.py",), True)
    assert record.worktree is None


def test_one_that_has_ended_is_told_again_and_not_run_again(repo: Path) -> None:
    with opened(repo, "echo once >> ../../../../ran") as sweep:
        first = run(sweep, 1)[1]
    with opened(repo, "echo once >> ../../../../ran", resume=True) as sweep:
        record, came = run(sweep, 1)
    assert (repo / "ran").read_text() == "once\n"
    assert came.outcome == first.outcome
    assert len(record.attempts) == 1


def test_one_that_an_earlier_lane_began_is_taken_over(repo: Path) -> None:
    with opened(repo, "echo new >> train.py; sleep 0.3") as sweep:
        begun(sweep.job(0), 1)
    with opened(repo, "echo new >> train.py; sleep 0.3", resume=True) as sweep:
        record, came = run(sweep, 1)
    assert [(each.number, each.state) for each in record.attempts] == [(1, JobState.SUCCEEDED)]
    assert came.content == "0.1 True"


def test_one_that_is_lost_is_told_as_lost(repo: Path) -> None:
    with opened(repo, "sleep 300") as sweep:
        keeper = begun(sweep.job(0), 1)
    os.kill(keeper.pid, signal.SIGKILL)
    keeper.wait()
    with opened(repo, "sleep 300", resume=True) as sweep:
        record, came = run(sweep, 1)
    assert came.state is JobState.LOST
    assert record.attempts == () or record.attempts[-1].state is JobState.LOST


def test_an_earlier_one_that_still_runs_is_ended_first(repo: Path) -> None:
    line = '[ "$SWEEPTREE_ATTEMPT" != 1 ] || sleep 300'
    with opened(repo, line) as sweep:
        keeper = begun(sweep.job(0), 1)
    with opened(repo, line, resume=True) as sweep:
        record, came = run(sweep, 3)
    assert not keeper.is_alive()
    assert came.state is JobState.SUCCEEDED
    assert record.attempts[-1].number == 3


def test_trouble_of_ours_is_told_with_its_step(repo: Path) -> None:
    def fail(job: JobContext, came: SoFar) -> Kept:
        raise OSError(28, "No space left on device")

    with opened(repo, "true") as sweep:
        attempt = OneAttempt(Leased(0, 1), fail)
        record = run_job(sweep.job(0), Start.COMMAND, Means(attempt, run_directly)).record
        came = came_of(record, attempt)
    assert came is not None
    assert came.trouble is not None
    assert (came.trouble.step, came.state) == ("commit on the host", JobState.SUCCEEDED)
    assert "No space left" in came.trouble.reason
