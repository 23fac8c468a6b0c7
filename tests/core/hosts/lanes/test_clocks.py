"""What came from a host whose clock is off, in times of this machine."""

from __future__ import annotations

from dataclasses import replace

from sweeptree.hosts.clock import Clock
from sweeptree.hosts.lanes.clocks import outcome_here, record_here
from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.supervise import lost_outcome

BEGAN, ENDED = "2026-01-02T12:00:00+00:00", "2026-01-02T12:30:00+00:00"
HERE = ("2026-01-02T11:00:00+00:00", "2026-01-02T11:30:00+00:00")
FAST = Clock("gpu2", 3600.0)
ATTEMPT = Attempt(number=1, state=JobState.SUCCEEDED, start_time=BEGAN, end_time=ENDED)
RECORD = JobRecord(id=0, start_time=BEGAN, end_time=ENDED, attempts=(ATTEMPT,), notes=("one",))


def test_a_record_and_its_attempts_say_when_it_was_here() -> None:
    found = record_here(RECORD, FAST)
    assert (found.start_time, found.end_time) == HERE
    assert [(each.start_time, each.end_time) for each in found.attempts] == [HERE]
    assert found.notes[0] == "one"
    assert "the clock of gpu2 is 3600 s ahead" in found.notes[1]


def test_a_record_of_a_clock_that_is_right_stays_as_it_is() -> None:
    assert record_here(RECORD, Clock("gpu2", 1.0)) is RECORD


def test_an_outcome_says_when_it_was_here_and_took_as_long() -> None:
    outcome = replace(lost_outcome(), start_time=BEGAN, end_time=ENDED, duration_seconds=1800.0)
    found = outcome_here(outcome, FAST)
    assert (found.start_time, found.end_time) == HERE
    assert found.duration_seconds == 1800.0
    assert outcome_here(replace(outcome, start_time=None), FAST).start_time is None
