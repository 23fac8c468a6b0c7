"""A sweep's run without an engine: its report, its documents, its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import git

from core.sweep.kit import make_spec, paths_of
from sweeptree.model import ExitCode, JobRecord, JobState, Resume
from sweeptree.records import read_json, read_record, read_sweep
from sweeptree.sweep.run import Progress, WithoutEngine, run_sweep


def test_a_sweep_whose_jobs_are_ok_ends_with_0(repo: Path) -> None:
    report = run_sweep(make_spec(repo, "true", "true"), None, WithoutEngine())
    assert (report.exit_code, report.reason) == (ExitCode.OK, "2 succeeded")
    facts = read_sweep(paths_of(repo))
    assert (facts["exit_code"], facts["missed"]) == (0, [])
    assert read_json(paths_of(repo).summary)["exit_codes"] == [0, 0]


def test_a_failed_job_costs_the_exit_code(repo: Path) -> None:
    report = run_sweep(make_spec(repo, "true", "exit 3"), None, WithoutEngine())
    assert (report.exit_code, report.reason) == (ExitCode.JOBS_FAILED, "1 failed, 1 succeeded")


def test_what_is_refused_starts_nothing(repo: Path) -> None:
    spec = make_spec(repo, "true", commit_and_pr=True, use_worktree=False)
    report = run_sweep(spec, None, WithoutEngine())
    assert (report.exit_code, report.root) == (ExitCode.USAGE, None)
    assert not (repo / "results").exists()


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ('rmdir "$SWEEPTREE_OUT"; echo x > "$SWEEPTREE_OUT"', "fix.sh"),
        ("true", "fails.sh"),
        ("true", "missing.sh"),
    ],
    ids=["it raises", "it fails", "it is missing"],
)
def test_a_fix_that_did_not_work_ends_with_4(repo: Path, command: str, script: str) -> None:
    (repo / "fix.sh").write_text("true\n")
    (repo / "fails.sh").write_text("exit 4\n")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "fix", cwd=repo)
    fix = {"auto_fix_before_pr": True, "auto_fix_script": script}
    spec = make_spec(repo, command, setup="true", **fix)
    report = run_sweep(spec, None, WithoutEngine())
    assert (report.exit_code, report.reason) == (ExitCode.STEP_FAILED, "1 succeeded")
    assert read_record(paths_of(repo).record(0)).auto_fix is not None


def test_a_sweep_goes_on_with_what_is_missing(repo: Path) -> None:
    spec = make_spec(repo, "true", "test $SWEEPTREE_ATTEMPT = 2")
    assert run_sweep(spec, None, WithoutEngine()).reason == "1 failed, 1 succeeded"
    again = run_sweep(spec, Resume(failed=True), WithoutEngine())
    assert (again.exit_code, again.reason) == (ExitCode.OK, "2 succeeded")
    assert len(read_record(paths_of(repo).record(0)).attempts) == 1


def test_progress_counts_the_failed_ones_apart() -> None:
    progress = Progress(total=3, finished=1)
    progress.add(JobRecord(id=1, state=JobState.FAILED))
    progress.add(JobRecord(id=2, state=JobState.SUCCEEDED))
    assert progress.counts() == (3, 1)
