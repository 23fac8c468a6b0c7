"""The executor of this machine: worktree, turn, command, and what an earlier run began."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.errors import GitError
from sweeptree.model import JobState
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.results import (
    Halt,
    Prepared,
    R,
    SoFar,
    Stage,
    Trouble,
    run_directly,
)
from sweeptree.sweep.running import JobContext


def test_a_try_is_a_worktree_and_then_the_command(repo: Path) -> None:
    stages: list[str] = []

    def run(stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
        stages.append(stage.name)
        return run_directly(stage, job, so_far)

    with opened(repo, "test -f train.py") as sweep:
        came = LOCAL.try_once(sweep.job(0), SoFar(), run)
    assert isinstance(came, SoFar)
    assert came.outcome is not None
    assert (came.outcome.state, came.attempt, came.tries) == (JobState.SUCCEEDED, 1, 1)
    assert stages == ["create-worktree", "run-command"]


def test_trouble_with_the_worktree_halts_the_job(repo: Path) -> None:
    def run(stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
        return Trouble(stage.step, GitError(f"no worktree for job {job.index} {so_far.attempt}"))

    with opened(repo, "true") as sweep:
        came = LOCAL.try_once(sweep.job(0), SoFar(), run)
    assert isinstance(came, Halt)
    assert came.trouble.reason == "no worktree for job 0 1"


@pytest.mark.parametrize("takes_turns", [True, False])  # GPU jobs take none
def test_a_stopped_sweep_begins_no_command(repo: Path, takes_turns: bool) -> None:
    with opened(repo, "touch ran", setup="touch set") as here:
        sweep = here if takes_turns else replace(here, turns=None)
        sweep.stop.start_no_more()
        came = LOCAL.try_once(sweep.job(0), SoFar(), run_directly)
        assert isinstance(came, SoFar)
        assert came.outcome is None
        assert came.worktree is not None
        assert not {"ran", "set"}.intersection(path.name for path in came.worktree.path.iterdir())
        sweep.pool and sweep.pool.release(came.worktree, keep=False, index=0)


def test_an_attempt_whose_keeper_is_dead_is_lost(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.paths.attempt(0, 1, "alive").touch()
    with opened(repo, "true", resume=True) as sweep:
        came = LOCAL.take_over(sweep.job(0), SoFar(), run_directly)
    assert isinstance(came, SoFar)
    assert (came.outcome, came.attempt) == (None, 1)


def test_a_prepared_worktree_is_what_the_command_gets(repo: Path) -> None:
    with opened(repo, "echo here > made") as sweep:
        places = []

        def run(stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
            result = run_directly(stage, job, so_far)
            if isinstance(result, Prepared):
                places.append(result.worktree)
            return result

        came = LOCAL.try_once(sweep.job(0), SoFar(), run)
        assert isinstance(came, SoFar)
        assert [came.worktree] == places
