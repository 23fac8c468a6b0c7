"""A stage runs exactly once, whatever the engine does; its result reads as a state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.sweep.kit import opened
from sweeptree.engine.stage_runs import StageCall, StageRuns, as_state
from sweeptree.errors import GitError
from sweeptree.model import Branch, JobState, Outcome, Worktree
from sweeptree.sweep.results import (
    Delivered,
    Fixed,
    Lost,
    Prepared,
    Ran,
    Reviewed,
    SoFar,
    Stage,
    Trouble,
)
from sweeptree.sweep.running import JobContext, Misses

END = "2026-01-01T00:00:00+00:00"
PLACE = Worktree(Path("/w"), Path("/w"), "c0ffee", 0)


def outcome(state: JobState, reason: str | None = None) -> Outcome:
    return Outcome(state, 0, None, reason, None, END, 1.5, None)


class Counting:
    """A stage that counts its runs, and fails if it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.runs = 0
        self.error = error
        self.stage: Stage[Reviewed] = Stage("run-command", "command", self)

    def __call__(self, job: JobContext, so_far: SoFar) -> Reviewed:
        self.runs += 1
        if self.error is not None:
            raise self.error
        return Reviewed("done")


def test_a_call_runs_its_stage_once(repo: Path) -> None:
    counting = Counting()
    with opened(repo, "true") as sweep:
        call = StageCall(counting.stage, sweep.job(0), SoFar())
        results = [call.result(), call.result()]
    assert (counting.runs, results) == (1, [Reviewed("done")] * 2)


@pytest.mark.parametrize("error", [None, GitError("no")])
def test_without_an_engine_the_stage_runs_all_the_same(repo: Path, error: Exception | None) -> None:
    counting, misses = Counting(error), Misses()
    run = StageRuns({}, misses)  # no task: as good as an engine that is away
    with opened(repo, "true") as sweep:
        found = run(counting.stage, sweep.job(0), SoFar())
    assert (counting.runs, len(misses.first(9))) == (1, 1)
    assert found == (Reviewed("done") if error is None else Trouble("command", error))


@pytest.mark.parametrize(
    ("result", "name", "message"),
    [
        (Prepared(PLACE), "Completed", "/w"),
        (Ran(outcome(JobState.SUCCEEDED), PLACE, False), "Completed", "exit code 0 after 1.5 s"),
        (Ran(outcome(JobState.FAILED, "exit code 3"), PLACE, False), "Failed", "exit code 3"),
        (Ran(outcome(JobState.TIMED_OUT, "too long"), PLACE, False), "TimedOut", "too long"),
        (Ran(outcome(JobState.CANCELLED), PLACE, False), "Cancelled", "cancelled"),
        (Lost(1), "Lost", "its keeper had died: a new attempt"),
        (Fixed(Path("f"), outcome(JobState.SUCCEEDED)), "Completed", "exit code 0 after 1.5 s"),
        (
            Fixed(Path("f"), outcome(JobState.FAILED, "exit code 4")),
            "CompletedWithTrouble",
            "the script failed: exit code 4",
        ),
        (Fixed(Path("f"), None), "CompletedWithTrouble", "there is no such script"),
        (Fixed(None, None, ("nothing",)), "Completed", "nothing"),
        (
            Fixed(None, outcome(JobState.FAILED, "exit code 2"), ("ruff",)),
            "CompletedWithTrouble",
            "auto-fix failed: exit code 2",
        ),
        (Delivered(None), "Completed", "nothing to commit"),
        (Delivered(Branch("b", "c0ffee")), "Completed", "b at c0ffee"),
        (Reviewed("nothing was missing"), "Completed", "nothing was missing"),
        (Trouble("commit", GitError("no")), "Failed", "no"),
    ],
)
def test_what_a_stage_came_to_reads_as_a_state(result: Any, name: str, message: str) -> None:
    state = as_state(result)
    assert (state.name, state.message) == (name, message)
