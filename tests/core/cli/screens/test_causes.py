"""Failures grouped by cause."""

from sweeptree.analysis.document import JobRow
from sweeptree.cli.screens.causes import cause_lines, stop_note
from sweeptree.model import JobState


def failed(index: int, line: str) -> JobRow:
    return JobRow(
        id=index, state=JobState.FAILED, reason="exit code 1", exit_code=1, log_tail=line + "\n"
    )


def test_each_cause_has_the_command_that_retries_exactly_its_jobs() -> None:
    jobs = [failed(n, f"ValueError: lead {n}") for n in (0, 1, 2, 5)] + [failed(3, "KeyError: 'x'")]
    lines = [line.strip() for line in cause_lines("unet", jobs)]
    assert lines[0] == "4 jobs  0-2,5   exit code 1"
    assert "sweeptree resume unet --jobs 0-2,5" in lines
    assert "sweeptree resume unet --jobs 3" in lines


def test_the_telling_end_of_a_long_error_is_kept() -> None:
    line = f"ValueError: {'x' * 300} but got 12 leads"
    assert all(len(text) <= 60 for text in cause_lines("unet", [failed(0, line)], 60))
    assert cause_lines("unet", [failed(0, line)], 60)[1].endswith("but got 12 leads")


def test_more_causes_than_fit_are_counted() -> None:
    jobs = [failed(n, f"{chr(65 + n)}Error: no") for n in range(11)]
    assert cause_lines("unet", jobs)[-1] == "  3 more causes, jobs 8-10"


def test_a_sweep_that_stopped_by_itself_says_so() -> None:
    jobs = [failed(n, "E") for n in range(3)] + [JobRow(id=3, state=JobState.PLANNED)]
    note = stop_note("unet", {"stop_cause": "the first jobs failed alike"}, jobs)
    assert note is not None and "1 job was not started" in note and "resume unet" in note
    assert stop_note("unet", {"stop_cause": "cancelled"}, jobs) is None


def test_how_long_a_job_ran_is_said_once() -> None:
    why, state = "timed out after 3.0 s", JobState.TIMED_OUT
    job = JobRow(id=0, state=state, reason=why, duration_seconds=3.04)
    assert cause_lines("unet", [job])[0].endswith(why)
