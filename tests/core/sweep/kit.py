"""Opens sweeps in a sealed repository, and takes a job as far as a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeptree.model import JobRecord, SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.settings import Settings
from sweeptree.sweep import documents, stages
from sweeptree.sweep.attempts import last_attempt
from sweeptree.sweep.executor import Means
from sweeptree.sweep.life import Start, run_job
from sweeptree.sweep.local import LOCAL
from sweeptree.sweep.results import SoFar, run_directly
from sweeptree.sweep.running import JobContext, Sweep


def make_spec(repo: Path, *commands: str, **fields: object) -> SweepSpec:
    """A spec with worktrees and a short grace, unless the fields say otherwise."""
    plain = {"exp_name": "exp", "repo": repo, "use_worktree": True, "grace": 0.2}
    return SweepSpec.model_validate({**plain, "commands": commands, **fields})


@contextmanager
def opened(repo: Path, *commands: str, resume: bool = False, **fields: object) -> Iterator[Sweep]:
    """A sweep of these commands, open, as it stands on disk once it has begun."""
    spec = make_spec(repo, *commands, **fields)
    with Sweep.open(spec, Settings(slot_dir=repo.parent / "slots"), resume=resume) as sweep:
        documents.write_begin(sweep.prepared, None)
        yield sweep


def ran(job: JobContext, so_far: SoFar | None = None) -> SoFar:
    """The job after its first two stages: worktree and command."""
    so_far = (so_far or SoFar(gpu_memory=job.spec.gpu_mem or 0)).on_attempt(
        last_attempt(job, SoFar()) + 1
    )
    prepared = stages.prepare_worktree(job, so_far)
    so_far = so_far.with_worktree(prepared.worktree)
    return so_far.after_command(stages.run_command(job, so_far))


def lived(job: JobContext, start: Start = Start.COMMAND) -> JobRecord:
    """The record of a job that has gone through its whole life, without an engine."""
    return run_job(job, start, Means(LOCAL, run_directly)).record


def run_one(repo: Path, command: str, **fields: object) -> JobRecord:
    """The record of a sweep's only job."""
    with opened(repo, command, **fields) as sweep:
        return lived(sweep.job(0))


def paths_of(repo: Path) -> SweepPaths:
    """Where the results of these sweeps are."""
    return SweepPaths(repo / "results" / "exp")
