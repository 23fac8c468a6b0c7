"""A sweep by the executor, from its spec to its records."""

from __future__ import annotations

from pathlib import Path

from core.hosts.slurm.kit import records, submitted, swept
from core.sweep.kit import paths_of
from sweeptree.model import ExitCode, JobState


def test_all_jobs_are_tasks_of_one_array(repo: Path, slurm: Path) -> None:
    assert swept(repo, *["python3 train.py"] * 3).exit_code is ExitCode.OK
    assert [record.metrics for record in records(repo).values()] == [{"val_auc": 0.9}] * 3
    (words,) = submitted(slurm)
    assert "--array=0-2 " in words


def test_a_job_that_failed_is_tried_again_under_a_new_number(repo: Path, slurm: Path) -> None:
    swept(repo, 'test "$SWEEPTREE_ATTEMPT" = 2', retries=1)
    states = [attempt.state for attempt in records(repo)[0].attempts]
    assert states == [JobState.FAILED, JobState.SUCCEEDED]
    assert len(submitted(slurm)) == 2


def test_resume_submits_what_is_missing(repo: Path, slurm: Path) -> None:
    swept(repo, "true", "true", only=(0,))
    report = swept(repo, "true", "true", resume=True)
    assert report.states == {"succeeded": 2}
    assert len(submitted(slurm)) == 2


def test_a_cluster_that_refuses_is_a_refusal_and_nothing_stands(repo: Path, slurm: Path) -> None:
    (slurm / "refuses").touch()
    report = swept(repo, "true")
    assert report.exit_code is ExitCode.REFUSED
    assert "Invalid partition name" in report.reason
    assert not paths_of(repo).root.exists()
