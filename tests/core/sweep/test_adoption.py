"""What an earlier process left of a job is taken over, or given up for lost."""

from pathlib import Path

import pytest
from helpers import git

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


def died_after_the_record(repo: Path, command: str) -> Path:
    """A job's worktree whose driver died between the last record and giving it back."""
    with opened(repo, command) as sweep:
        so_far = ran(sweep.job(0))
        assert so_far.worktree is not None
        assert sweep.pool is not None
        sweep.pool._taken.clear()  # so that closing it does what dying does: nothing
        return so_far.worktree.top


@pytest.mark.parametrize("command", ["true", "echo x >> train.py; echo y > made.txt"])
def test_a_worktree_whose_files_stand_elsewhere_goes_back_after_a_crash(
    repo: Path, command: str
) -> None:
    top = died_after_the_record(repo, command)
    with opened(repo, command, resume=True) as sweep:
        adoption.give_back_finished(sweep, [sweep.store.record(0)])
    assert not top.exists()
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1


def test_a_worktree_with_a_file_that_stands_nowhere_else_is_kept_after_a_crash(repo: Path) -> None:
    top = died_after_the_record(repo, "echo y > made.txt")
    (top / "late.txt").write_text("late")
    with opened(repo, "echo y > made.txt", resume=True) as sweep:
        adoption.give_back_finished(sweep, [sweep.store.record(0)])
        place = sweep.store.record(0).worktree
    assert place is not None
    assert Path(place, "late.txt").read_text() == "late"


def test_a_record_that_was_not_told_where_the_worktree_went_is_mended(repo: Path) -> None:
    command = "echo x >> train.py"
    with opened(repo, command, keep_worktrees="changed") as sweep:
        stages.finish(sweep.job(0), ran(sweep.job(0)))
        kept = sweep.store.record(0).worktree
        assert kept is not None
        sweep.store.update(0, worktree=str(Path(kept).with_name("slot_0")))
    with opened(repo, command, keep_worktrees="changed", resume=True) as sweep:
        adoption.give_back_finished(sweep, [sweep.store.record(0)])
        assert sweep.store.record(0).worktree == kept
