"""What failed jobs have in common."""

import pytest

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.failures import group_failures, job_numbers, last_error_line, retry_command
from sweeptree.model import JobState
from sweeptree.model.text import parse_job_numbers


def failed(index: int, tail: str, reason: str = "exit code 1") -> JobRow:
    return JobRow(id=index, state=JobState.FAILED, reason=reason, exit_code=1, log_tail=tail)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("epoch 1\nValueError: no lead\nbye\n", "ValueError: no lead"),
        ("KeyError: a\nOSError: b\n", "OSError: b"),
        ("epoch 1\nbye\n\n", "bye"),
        ("12%\rKilled\r", "Killed"),
        ("fatal: \x1b[31mno", "fatal: ?[31mno"),
        ("", ""),
    ],
)
def test_the_line_that_says_what_went_wrong(log: str, line: str) -> None:
    assert last_error_line(log) == last_error_line(log.encode()) == line


def test_numbers_do_not_tell_causes_apart() -> None:
    jobs = [failed(0, "E\nError: shape 3 at 0xff"), failed(1, "Error: other"), failed(2, "x")]
    jobs.append(failed(3, "Error: shape 12 at 0x1a"))
    groups = group_failures(jobs)
    assert [[job.id for job in group.jobs] for group in groups] == [[0, 3], [1], [2]]
    assert groups[0].line == "Error: shape 3 at 0xff"


def test_only_jobs_that_failed_are_grouped() -> None:
    jobs = [JobRow(id=n, state=state) for n, state in enumerate(JobState)]
    reasons = {group.reason for group in group_failures(jobs)}
    assert reasons == {"failed", "timed_out", "lost"}


def test_jobs_that_lacked_memory_are_alike_whatever_they_asked_for() -> None:
    jobs = [
        JobRow(
            id=n,
            state=JobState.FAILED,
            reason=f"out of GPU memory: exit code {n}",
            log_tail="abc"[n],
        )
        for n in range(3)
    ]
    (group,) = group_failures(jobs)
    assert [job.id for job in group.jobs] == [0, 1, 2]


def test_numbers_are_written_as_the_command_line_takes_them() -> None:
    numbers = (0, 2, 3, 4, 9)
    assert job_numbers(numbers) == "0,2-4,9"
    assert parse_job_numbers(job_numbers(numbers)) == numbers
    jobs = [failed(4, "E"), failed(3, "E")]
    assert retry_command("unet", jobs) == "sweeptree resume unet --jobs 3-4"
