"""How long a sweep has run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sweeptree.model import JobRecord
from sweeptree.system.clock import parse_time

_Span = tuple[datetime, datetime]


def running_seconds(jobs: Iterable[JobRecord]) -> float | None:
    """The seconds in which any attempt of a job ran; a pause before `resume` is none of them.

    None where no job tells when it began and ended.
    """
    spans = sorted(span for job in jobs for span in _spans(job))
    if not spans:
        return None
    total, covered = 0.0, spans[0][0]
    for start, end in spans:
        total += max(0.0, (end - max(start, covered)).total_seconds())
        covered = max(covered, end)
    return total


def _spans(job: JobRecord) -> Iterator[_Span]:
    tries = [(attempt.start_time, attempt.end_time) for attempt in job.attempts]
    for start_text, end_text in [*tries, (job.start_time, job.end_time)]:
        start, end = parse_time(start_text), parse_time(end_text)
        if start is not None and end is not None:
            yield start, end
