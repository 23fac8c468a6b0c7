"""One job for a short time before a sweep begins: does it start, is its metric found and where, how
much memory, how long for all of them.

    spec → the sweep of its first job, with a time limit → its record → Smoke

Hides: that a job which had to be stopped has done well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sweeptree.analysis import metrics
from sweeptree.analysis.aggregate.rows import log_tail
from sweeptree.analysis.progress import progress
from sweeptree.analysis.stats import objective
from sweeptree.model import JobRecord, JobState, SweepSpec
from sweeptree.records import SweepPaths, read_record
from sweeptree.sweep.one import free_name
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.reproduce import seeds_of_environment

_NAME_LENGTH = 48
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Smoke:
    """What a short run of one job has shown.

    Seconds; MiB. `value` None: the metric was not found, and `source` says what was seen.
    `estimate`: for the whole sweep, None where nothing says how far the job has come.
    """

    name: str
    state: JobState | None
    reason: str | None
    seconds: float
    metric: str | None
    value: float | None
    source: str | None
    steps: int
    peak_rss: float | None
    peak_vram: float | None
    estimate: float | None
    log_end: str

    @property
    def has_started(self) -> bool:
        """Whether the job came to its end, or ran until it was stopped."""
        return self.state in (JobState.SUCCEEDED, JobState.TIMED_OUT)

    @property
    def is_good(self) -> bool:
        """Whether the sweep may begin: a metric may still come in a job that was stopped."""
        lacks_metric = self.metric is not None and self.value is None
        return self.has_started and not (lacks_metric and self.state is JobState.SUCCEEDED)

    @property
    def seconds_per_step(self) -> float | None:
        """How long a step takes, what comes before the first one included."""
        return self.seconds / self.steps if self.steps else None


def smoke_spec(prepared: PreparedSweep, seconds: float) -> SweepSpec:
    """The sweep of one that runs the first job of a sweep for at most so long."""
    spec, job = prepared.spec, prepared.jobs[0]
    changed: dict[str, Any] = {
        "commands": (job.command,),
        "template": None,
        "grid": {},
        "extensions": (),
        "seeds": seeds_of_environment(job.command, job.seed),
        "only": (),
        "dated": False,
        "parallel": 1,
        "hosts": (),
        "retries": 0,
        "timeout": min(seconds, spec.timeout or seconds),
        "auto_fix_before_pr": False,
        "commit_and_pr": False,
        "commit_and_pr_best": False,
        "keep_worktrees": "failed",
    }
    short = spec.model_copy(update=changed)
    name = free_name(f"{spec.exp_name[:_NAME_LENGTH]}-smoke", short)
    return short.model_copy(update={"exp_name": name})


def look_at(paths: SweepPaths, whole: PreparedSweep) -> Smoke:
    """What the short run has shown about the whole sweep. Raises RecordError."""
    record = read_record(paths.record(0))
    metric = _metric(whole.spec, record)
    end = log_tail(paths, record)
    seconds = record.duration_seconds or 0.0
    return Smoke(
        name=paths.root.name,
        state=record.state,
        reason=record.reason,
        seconds=seconds,
        metric=metric,
        value=record.metrics.get(metric) if metric else None,
        source=record.metrics_source or _seen(paths),
        steps=_steps(paths, record),
        peak_rss=record.peak_rss_mb,
        peak_vram=record.peak_vram_mb,
        estimate=_estimate(record, end, whole),
        log_end=end,
    )


def _metric(spec: SweepSpec, record: JobRecord) -> str | None:
    """The metric that is asked for; else the first that was found."""
    if spec.metric:
        return objective(spec.metric).name
    return next(iter(record.metrics), None)


def _seen(paths: SweepPaths) -> str | None:
    """What other metrics stand there, for a job whose own was not found."""
    places = metrics.Places(paths.metrics(0), paths.log(0), paths.out(0))
    found = metrics.collect(places, metrics.Wanted()).metrics
    names = ", ".join(list(found.values)[:_SHOWN])
    return f"{names} found in {found.source}" if names else found.source


def _steps(paths: SweepPaths, record: JobRecord) -> int:
    curves = metrics.history((paths.metrics(0), paths.history(0)), tuple(record.metrics))
    return max(map(len, curves.values()), default=0)


def _estimate(record: JobRecord, log: str, whole: PreparedSweep) -> float | None:
    """Seconds for all jobs, so many at a time."""
    done = 1.0 if record.state is JobState.SUCCEEDED else progress(log)
    if not done or not record.duration_seconds:
        return None
    rounds = math.ceil(len(whole.jobs) / whole.parallel)
    return rounds * record.duration_seconds / done
