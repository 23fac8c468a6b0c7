"""How a launch of a keeper is made from a job: its files, its environment, its GPU slots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise
from sweeptree.model import Launch, Worktree
from sweeptree.model.values import SlotRequest
from sweeptree.sweep.editable import import_path
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.running import JobContext

SETUP = ".setup"  # the suffix of the files of a job's setup command
_PATH = "PYTHONPATH"


@dataclass(frozen=True, slots=True)
class Line:
    """What a keeper is to run. `suffix` tells setup and fix from the job's command, which has none;
    `log`, `timeout` None: the job's own."""

    command: str
    suffix: str = ""
    log: Path | None = None
    timeout: float | None = None

    @property
    def is_job_command(self) -> bool:
        """Whether this is the command that the job is about."""
        return not self.suffix


def launch_name(job: JobContext, so_far: SoFar, suffix: str = "") -> str:
    """The name of a launch of the present attempt."""
    return job.paths.launch_name(job.index, so_far.attempt, suffix)


def make_launch(job: JobContext, so_far: SoFar, line: Line) -> Launch:
    """The launch of this line in the job's worktree."""
    assert so_far.worktree is not None
    paths, spec = job.paths, job.spec
    paths.out(job.index).mkdir(exist_ok=True)
    return Launch(
        name=launch_name(job, so_far, line.suffix),
        command=line.command,
        cwd=so_far.worktree.path,
        env=_environment(job, so_far, so_far.worktree),
        log=line.log or paths.log(job.index),
        alive=attempt_file(job, so_far, f"alive{line.suffix}"),
        started=attempt_file(job, so_far, f"started{line.suffix}"),
        outcome=attempt_file(job, so_far, f"outcome{line.suffix}"),
        timeout=line.timeout or spec.timeout,
        grace=spec.grace,
        log_cap=job.sweep.settings.log_cap,
        slots=_slots(job, so_far) if line.is_job_command else None,
    )


def attempt_file(job: JobContext, so_far: SoFar, what: str) -> Path:
    """A file of the present attempt."""
    return job.paths.attempt(job.index, so_far.attempt, what)


def _environment(job: JobContext, so_far: SoFar, worktree: Worktree) -> Mapping[str, str]:
    variables = supervise.JobVariables(
        exp=job.spec.exp_name,
        job=job.index,
        attempt=so_far.attempt,
        seed=job.job.seed,
        commit=worktree.base_commit,
        worktree=worktree.path,
        out=job.paths.out(job.index),
        metrics=job.paths.metrics(job.index),
    )
    found = supervise.job_environment(os.environ, variables, keep=job.spec.keep_env)
    found = {**found, **job.sweep.prepared.environ}
    folders = job.sweep.prepared.editable.folders
    if not folders:
        return found
    return {**found, _PATH: import_path(worktree.top, folders, found.get(_PATH, ""))}


def _slots(job: JobContext, so_far: SoFar) -> SlotRequest | None:
    prepared = job.sweep.prepared
    if not prepared.gpus:
        return None
    return SlotRequest(
        root=prepared.slot_dir,
        devices=prepared.detection.devices,
        count=prepared.gpus,
        owner=launch_name(job, so_far),
        memory=so_far.gpu_memory,
        env_style=job.spec.gpu_env,
    )
