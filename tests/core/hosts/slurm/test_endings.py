"""What the files of attempts say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sweeptree.hosts.slurm.arrays import Place, Task
from sweeptree.hosts.slurm.cluster import TaskState
from sweeptree.hosts.slurm.endings import Traces, without_outcome
from sweeptree.model import JobState
from sweeptree.records import SweepPaths

ENDED = {
    "exit_code": 0,
    "signal": None,
    "reason": None,
    "start_time": None,
    "end_time": "2026-01-02T03:04:05+00:00",
    "duration_seconds": 1.0,
    "peak_rss_mb": None,
    "gpus": [],
}


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    paths = SweepPaths(tmp_path / "exp")
    paths.state.mkdir(parents=True)
    return Traces(paths, 3)


def end(traces: Traces, number: int, suffix: str = "", **more: Any) -> None:
    file = traces.file(number, f"outcome{suffix}")
    file.write_text(json.dumps({**ENDED, "state": "succeeded", **more}))


def test_an_ending_is_the_outcome_and_what_the_node_told_beside_it(traces: Traces) -> None:
    end(traces, 1, host="n1", goes_on=True)
    found = traces.ending(1)
    assert found is not None
    assert (found.outcome.state, found.facts["host"], found.goes_on) == ("succeeded", "n1", True)


def test_a_task_is_done_when_nothing_follows(traces: Traces) -> None:
    end(traces, 1, goes_on=True)
    assert not traces.is_done(1)
    end(traces, 2)
    assert traces.is_done(1)
    assert not traces.is_done(1, before=2)


def test_the_next_attempt_that_has_begun(traces: Traces) -> None:
    assert traces.next_begun(1) is None
    traces.file(4, "alive").touch()
    assert traces.next_begun(1) == 4


def test_the_words_of_a_keeper_that_was_killed_while_it_kept_files(traces: Traces) -> None:
    end(traces, 1, ".before", state="cancelled")
    found = traces.last_words(1)
    assert found is not None
    assert found.outcome.state is JobState.CANCELLED
    assert "not all files" in found.facts["notes"][0]


@pytest.mark.parametrize(
    ("state", "words", "job", "reason"),
    [
        ("CANCELLED", "", JobState.CANCELLED, "cancelled by scancel before it started"),
        ("FAILED", "sweeptree: no TMPDIR", JobState.FAILED, "it never started: no TMPDIR"),
        ("FAILED", "slurmstepd: execve(): x", JobState.FAILED, "SWEEPTREE_SLURM_PYTHON"),
    ],
)
def test_what_never_began(
    traces: Traces, slurm: Path, state: str, words: str, job: JobState, reason: str
) -> None:
    output = slurm / "0.out"
    output.write_text(words)
    task = Task("7_0", Place(3, 1), output)
    found = without_outcome(traces, 1, task, TaskState(state, "None", "n1")).outcome
    assert found.state is job
    assert reason in (found.reason or "")


def test_what_began_is_lost_and_fenced(traces: Traces, slurm: Path) -> None:
    traces.file(1, "alive").touch()
    task = Task("7_0", Place(3, 1), slurm / "none")
    found = without_outcome(traces, 1, task, TaskState("FAILED", "JobLaunchFailure", "n1"))
    assert found.outcome.state is JobState.LOST
    assert "on n1: Slurm says FAILED, JobLaunchFailure, exit code 0:9" in str(found.outcome.reason)
    assert traces.ending(1) is not None
