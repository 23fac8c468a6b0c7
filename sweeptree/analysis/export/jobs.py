"""The jobs of a sweep as trackers know runs: parameters, last values, curves, times, an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sweeptree.analysis.document import Document, JobRow
from sweeptree.analysis.metrics import history
from sweeptree.model import JobState, Scalar
from sweeptree.records import SweepPaths

Curve = Sequence[tuple[float, float]]  # (step, value)


@dataclass(frozen=True, slots=True)
class Exported:
    """One job. `key` tells it from every other job of every sweep; times in seconds since 1970."""

    key: str
    name: str
    params: Mapping[str, Scalar]
    metrics: Mapping[str, float]
    curves: Mapping[str, Curve]
    tags: Mapping[str, str]
    has_succeeded: bool
    start: float | None
    end: float | None


def exported(paths: SweepPaths, document: Document) -> Iterator[Exported]:
    """The jobs of a sweep that have ended, in order."""
    for job in document.jobs:
        if job.state is not None and job.state.is_final:
            yield _exported(paths, document.exp_name, job)


def _exported(paths: SweepPaths, exp_name: str, job: JobRow) -> Exported:
    files = (paths.metrics(job.id), paths.history(job.id))
    seed = {} if job.seed is None else {"seed": job.seed}
    return Exported(
        key=f"{exp_name}:{job.id}@{(job.base_commit or '')[:12]}#{_attempt(job)}",
        name=f"{exp_name}:{job.id}",
        params={**job.params, **seed},
        metrics=job.metrics,
        curves=history(files, tuple(job.metrics)),
        tags=_tags(exp_name, job),
        has_succeeded=job.state is JobState.SUCCEEDED,
        start=_seconds(job.start_time),
        end=_seconds(job.end_time),
    )


def _attempt(job: JobRow) -> int:
    return max((attempt.number for attempt in job.attempts), default=1)


def _tags(exp_name: str, job: JobRow) -> dict[str, str]:
    known = {
        "sweep": exp_name,
        "job": str(job.id),
        "config": job.config_id,
        "command": job.cmd,
        "commit": job.base_commit,
        "state": job.state and job.state.value,
        "reason": job.reason,
        "data_digest": job.data_digest,
        "pull_request": job.pr_url,
        "reproduce": job.reproduce,
    }
    return {f"sweeptree.{name}": value for name, value in known.items() if value}


def _seconds(time: str | None) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp() if time else None
    except ValueError:
        return None
