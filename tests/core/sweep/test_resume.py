"""Which jobs are due, and where each goes on."""

from pathlib import Path

import pytest

from core.sweep.kit import lived, opened
from sweeptree.model import JobRecord, JobState, Resume
from sweeptree.sweep.life import Start
from sweeptree.sweep.resume import due_jobs, earlier_records, takes


@pytest.mark.parametrize(
    ("resume", "again"),
    [
        (Resume(), {"planned", "running", "cancelled", "lost"}),
        (Resume(failed=True), {"planned", "running", "cancelled", "lost", "failed", "timed_out"}),
        (Resume(jobs=(7,)), {state.value for state in JobState}),
        (Resume(jobs=(8,)), set()),
    ],
)
def test_resume_takes_what_is_missing_and_what_is_asked_for(
    resume: Resume, again: set[str]
) -> None:
    assert {state.value for state in JobState if resume.takes(7, state)} == again


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("out of GPU memory (exit code 1)", True),
        ("out of host memory", True),
        ("exit code 1", False),
    ],
)
def test_resume_oom_takes_only_the_jobs_that_lacked_memory(reason: str, again: bool) -> None:
    record = JobRecord(id=0, state=JobState.FAILED, reason=reason)
    assert takes(Resume(oom=True), 0, record) is again


def test_a_new_sweep_has_every_job_to_run(repo: Path) -> None:
    with opened(repo, "true", "false") as sweep:
        due = due_jobs(sweep, earlier_records(sweep.prepared), Resume())
    assert [(one.job.index, one.start) for one in due] == [(0, Start.COMMAND), (1, Start.COMMAND)]


def test_a_sweep_that_has_ended_has_only_its_failures_to_run_again(repo: Path) -> None:
    with opened(repo, "true", "false") as sweep:
        for index in (0, 1):
            lived(sweep.job(index))
        records = earlier_records(sweep.prepared)
        assert due_jobs(sweep, records, Resume()) == []
        assert [one.job.index for one in due_jobs(sweep, records, Resume(failed=True))] == [1]


def test_a_record_that_cannot_be_read_is_made_anew(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.paths.record(0).write_text("{ torn")
        assert earlier_records(sweep.prepared) == {}
