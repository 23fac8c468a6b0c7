"""What came of an attempt, told and read."""

from __future__ import annotations

import json

import pytest

from sweeptree.errors import RecordError
from sweeptree.hosts.lanes import came
from sweeptree.hosts.lanes.came import Came, ToldTrouble, as_payload, from_payload
from sweeptree.model import Cause, JobRecord, JobState, Outcome
from sweeptree.sweep.attempts import LeftBehind

OUTCOME = Outcome(
    state=JobState.FAILED,
    exit_code=1,
    signal=None,
    reason="out of GPU memory",
    start_time="2026-01-02T03:04:05+00:00",
    end_time="2026-01-02T03:05:05+00:00",
    duration_seconds=60.0,
    peak_rss_mb=12.5,
    gpus=("GPU-0",),
    cause=Cause.GPU_MEMORY,
)
RECORD = JobRecord(id=3, cmd="python train.py", state=JobState.FAILED, artifacts=("a", "b"))


def by_wire(told: Came) -> Came:
    return from_payload(json.loads(json.dumps(as_payload(told))))


def test_what_is_told_is_what_is_read() -> None:
    left = LeftBehind(artifacts=("a", "b"), notes=("a note",), has_work=True, alone=2)
    told = Came(RECORD, OUTCOME, "c" * 40, left, ToldTrouble("finish", "no room"))
    assert by_wire(told) == told
    assert by_wire(told).state is JobState.FAILED


def test_a_command_that_did_not_begin_has_failed() -> None:
    told = Came(RECORD, None, trouble=ToldTrouble("worktree", "git failed"))
    assert by_wire(told).state is JobState.FAILED


def test_a_record_that_is_too_long_stays_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(came, "MOST_BYTES", 100)
    left = LeftBehind(artifacts=("a", "b"), notes=("a note",), alone=1)
    found = by_wire(Came(RECORD, OUTCOME, left=left))
    assert (found.record, found.outcome) == (None, OUTCOME)
    assert found.left == LeftBehind(alone=1)


@pytest.mark.parametrize("payload", [{}, {"record": 1, "outcome": None}, {"outcome": {}}])
def test_what_is_no_result_is_said(payload: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        from_payload(payload)
