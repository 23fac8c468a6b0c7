"""A sweep as offline runs of Weights & Biases, which `wandb sync` sends.

Hides: wandb's library, and that it would otherwise ask for a login and send what it finds in the
environment and the repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeptree.analysis.export.jobs import Exported
from sweeptree.analysis.export.libraries import library

EXTRA = "wandb"


def to_wandb(exp_name: str, jobs: Sequence[Exported], folder: Path) -> int:
    """Write an offline run per job below `folder`, all in the group `exp_name`; how many.

    Nothing is sent. Raises UsageError.
    """
    wandb = library("wandb", EXTRA)
    folder.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        _write(wandb, exp_name, job, folder)
    return len(jobs)


def _write(wandb: Any, exp_name: str, job: Exported, folder: Path) -> None:
    quiet = wandb.Settings(silent=True, disable_git=True, save_code=False, console="off")
    run = wandb.init(
        project=exp_name,
        group=exp_name,
        name=job.name,
        config=dict(job.params),
        notes=job.tags.get("sweeptree.command"),
        dir=str(folder),
        mode="offline",
        reinit="finish_previous",
        settings=quiet,
    )
    for step, values in _points(job):
        run.log({**values, "step": step})
    run.summary.update({**job.metrics, **job.tags})
    run.finish(exit_code=0 if job.has_succeeded else 1)


def _points(job: Exported) -> Iterator[tuple[float, Mapping[str, float]]]:
    """The curves of a job step by step."""
    steps: dict[float, dict[str, float]] = {}
    for name, curve in job.curves.items():
        for step, value in curve:
            steps.setdefault(step, {})[name] = value
    yield from sorted(steps.items())
