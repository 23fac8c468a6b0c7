"""What an earlier process left of a job is taken over, or given up for lost."""

from pathlib import Path

import pytest

from core.sweep.kit import opened, ran
from sweeptree.errors import WorktreeGone
from sweeptree.model import Attempt, JobState
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.results import Lost, Ran, SoFar


def begun(repo: Path) -> None:
    """An attempt whose record says running, and whose keeper has left nothing."""
    with opened(repo, "true") as sweep:
        attempt = Attempt(number=1, state=JobState.RUNNING)
        sweep.store.update(0, state=JobState.RUNNING, attempts=(attempt,))


def test_a_new_job_is_not_unfinished(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        assert not adoption.is_unfinished(sweep.job(0))


def test_an_attempt_without_keeper_and_outcome_is_lost(repo: Path) -> None:
    begun(repo)
    with opened(repo, "true", resume=True) as sweep:
        job = sweep.job(0)
        assert adoption.is_unfinished(job)
        so_far = adoption.on_last_attempt(job, SoFar())
        assert adoption.adopt(job, so_far) == Lost(1)
        assert job.record.state is JobState.LOST
        assert not adoption.is_unfinished(job)


def test_an_outcome_that_nobody_recorded_is_taken(repo: Path) -> None:
    with opened(repo, "echo done") as sweep:
        job = sweep.job(0)
        so_far = ran(job)
        stages.finish(job, so_far)
        open_again = Attempt(number=1, state=JobState.RUNNING)
        sweep.store.update(0, state=JobState.RUNNING, attempts=(open_again,))
    with opened(repo, "echo done", resume=True) as sweep:
        job = sweep.job(0)
        found = adoption.adopt(job, adoption.on_last_attempt(job, SoFar()))
        assert isinstance(found, Ran) and found.outcome.state is JobState.SUCCEEDED
        assert job.record.state is JobState.SUCCEEDED


def test_without_branch_and_worktree_there_is_nothing_to_deliver(repo: Path) -> None:
    with opened(repo, "true") as sweep, pytest.raises(WorktreeGone, match="job 0 are gone"):
        adoption.take_up_owed(sweep.job(0), SoFar())
