"""Sweeps on the fake cluster."""

from __future__ import annotations

from pathlib import Path

from sweep_kit import records_of

from core.sweep.kit import make_spec, paths_of
from sweeptree.hosts.slurm.executor import Slurm
from sweeptree.model import JobRecord, Resume
from sweeptree.sweep.outcome import SweepReport
from sweeptree.sweep.run import WithoutEngine, run_sweep


def swept(repo: Path, *commands: str, resume: bool = False, **fields: object) -> SweepReport:
    """Run a sweep of these commands to its end."""
    spec = make_spec(repo, *commands, executor="slurm", min_free=0, **fields)
    again = Resume() if resume else None
    return run_sweep(spec, again, WithoutEngine(), executor=Slurm(), before_end=int)


def records(repo: Path) -> dict[int, JobRecord]:
    """What stands on disk."""
    return records_of(paths_of(repo))


def submitted(slurm: Path) -> list[str]:
    """The words of each submission."""
    return (slurm / "submitted").read_text().splitlines()
