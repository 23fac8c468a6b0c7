"""How long a sweep has run."""

from sweeptree.analysis.durations import running_seconds
from sweeptree.model import Attempt, JobRecord, JobState


def ran(start: str, end: str) -> dict[str, str]:
    day = "2026-01-01T"
    return {"start_time": f"{day}{start}+00:00", "end_time": f"{day}{end}+00:00"}


def test_a_pause_before_resume_is_no_running_time() -> None:
    times = [("10:00:00", "10:01:00"), ("10:00:30", "10:01:30"), ("18:00:00", "18:00:10")]
    assert running_seconds(JobRecord(id=0, **ran(*both)) for both in times) == 100.0


def test_earlier_attempts_count() -> None:
    first = Attempt(number=1, state=JobState.FAILED, **ran("10:00:00", "10:00:20"))
    job = JobRecord(id=0, attempts=(first,), **ran("10:05:00", "10:05:01"))
    assert running_seconds([job]) == 21.0


def test_without_times_nobody_knows() -> None:
    assert running_seconds([JobRecord(id=0, start_time="2026-01-01T10:00:00")]) is None
