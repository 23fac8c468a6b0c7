"""The seam between a sweep and where its commands run: another executor is used for all of them,
and what it cannot have refuses the sweep."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.sweep.kit import make_spec, paths_of
from sweeptree.errors import Refused
from sweeptree.model import ExitCode, Job, JobState, Resume, SweepSpec
from sweeptree.records import read_record, read_sweep
from sweeptree.supervise import lost_outcome
from sweeptree.sweep import attempts, stages
from sweeptree.sweep.attempts import LeftBehind
from sweeptree.sweep.preflight import OnThisMachine, PreparedSweep
from sweeptree.sweep.results import Halt, RunStage, SoFar
from sweeptree.sweep.run import WithoutEngine, run_sweep
from sweeptree.sweep.running import JobContext, Sweep
from sweeptree.sweep.shares import Shares


class ByHand(OnThisMachine):
    """Runs each command as a plain child in a folder of its own, two at once."""

    is_here = False

    def __init__(self, folder: Path, refusal: Refused | None = None) -> None:
        self.folder = folder
        self.refusal = refusal
        self.due: list[int] = []

    def shares(self, spec: SweepSpec, jobs: int) -> Shares:
        found = super().shares(spec, jobs)
        return Shares(found.detection, 0, 2)

    def planned(self, prepared: PreparedSweep) -> PreparedSweep:
        return prepared

    @contextlib.contextmanager
    def opened(self, sweep: Sweep, due: Sequence[Job]) -> Iterator[None]:
        assert not (self.folder / "closed").exists(), sweep
        if self.refusal is not None:
            raise self.refusal
        self.due = [job.index for job in due]
        yield
        (self.folder / "closed").touch()

    def try_once(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        assert run is not None
        new = so_far.on_attempt(attempts.last_attempt(job, so_far) + 1)
        if not job.turn.take(job.sweep.stop.stopping):
            return new
        stages.record_plan(job, None, "elsewhere")
        done = subprocess.run(job.job.command, shell=True, cwd=self.folder, check=False)
        state = JobState.FAILED if done.returncode else JobState.SUCCEEDED
        outcome = replace(lost_outcome(), state=state, exit_code=done.returncode, reason=None)
        left = LeftBehind(artifacts=("made",))
        return new.after_command(attempts.record_outcome(job, new, outcome, left=left))

    def take_over(self, job: JobContext, so_far: SoFar, run: RunStage) -> SoFar | Halt:
        raise AssertionError((job, so_far, run))


def test_another_executor_runs_all_commands(repo: Path, tmp_path: Path) -> None:
    executor = ByHand(tmp_path)
    spec = make_spec(repo, "echo 0 >> ran", "exit 3", use_worktree=False)
    report = run_sweep(spec, None, WithoutEngine(), executor=executor, before_end=lambda: None)
    assert (report.reason, executor.due) == ("1 failed, 1 succeeded", [0, 1])
    assert (tmp_path / "ran").read_text() == "0\n"
    assert (tmp_path / "closed").exists()
    record = read_record(paths_of(repo).record(0))
    assert (record.host, record.artifacts) == ("elsewhere", ("made",))


def test_a_failed_job_is_tried_again_by_the_same_executor(repo: Path, tmp_path: Path) -> None:
    spec = make_spec(repo, "echo 0 >> ran; test $(wc -l < ran) = 2", use_worktree=False, retries=1)
    report = run_sweep(spec, None, WithoutEngine(), executor=ByHand(tmp_path), before_end=int)
    assert report.reason == "1 succeeded"
    attempts_made = read_record(paths_of(repo).record(0)).attempts
    assert [one.state for one in attempts_made] == [JobState.FAILED, JobState.SUCCEEDED]


def test_what_cannot_be_had_refuses_the_sweep_and_resume_goes_on(
    repo: Path, tmp_path: Path
) -> None:
    refusal = Refused("gpu2 cannot be reached", hint="sweeptree hosts check gpu2")
    spec = make_spec(repo, "echo 0 >> ran", use_worktree=False)
    report = run_sweep(spec, None, WithoutEngine(), executor=ByHand(tmp_path, refusal))
    assert report.exit_code is ExitCode.REFUSED
    assert report.reason == "gpu2 cannot be reached; sweeptree hosts check gpu2"
    assert read_sweep(paths_of(repo))["exit_code"] == ExitCode.REFUSED
    assert not (tmp_path / "ran").exists()
    again = run_sweep(spec, Resume(), WithoutEngine(), executor=ByHand(tmp_path))
    assert again.reason == "1 succeeded"
