"""What came of an attempt on a host whose clock is off, in times of this machine."""

from __future__ import annotations

from dataclasses import replace

from sweeptree.hosts.clock import Clock
from sweeptree.model import Attempt, JobRecord, Outcome


def outcome_here(outcome: Outcome, clock: Clock) -> Outcome:
    """An outcome in times of this machine."""
    return replace(
        outcome,
        start_time=clock.here(outcome.start_time),
        end_time=clock.here(outcome.end_time) or outcome.end_time,
    )


def record_here(record: JobRecord, clock: Clock) -> JobRecord:
    """A record in times of this machine, with a note where these are not the host's."""
    if not clock.is_off:
        return record
    note = f"times are by this machine's clock: {clock.remark}"
    return record.model_copy(
        update={
            "start_time": clock.here(record.start_time),
            "end_time": clock.here(record.end_time),
            "attempts": tuple(_attempt_here(each, clock) for each in record.attempts),
            "notes": (*record.notes, note),
        }
    )


def _attempt_here(attempt: Attempt, clock: Clock) -> Attempt:
    return attempt.model_copy(
        update={
            "start_time": clock.here(attempt.start_time),
            "end_time": clock.here(attempt.end_time),
        }
    )
