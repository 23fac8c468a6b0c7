"""What the page tells, read once from the aggregated document and sweep.json; lenient with what is
not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeptree.analysis.stats import Objective
from sweeptree.analysis.wording import number
from sweeptree.system.clock import parse_time

HELD_BACK = "test"
Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """One config: its place (from 1; None without the metric), its jobs, and all its metrics by
    name."""

    name: str
    rank: int | None
    params: Mapping[str, Any]
    jobs: tuple[Job, ...]
    n: int
    failed: int
    metrics: Mapping[str, Mapping[str, Any]]
    against_best: Mapping[str, Any] | None = None

    def seconds(self) -> float | None:
        """The mean time of its jobs that succeeded."""
        taken = [job["duration_seconds"] for job in self.jobs if job["state"] == "succeeded"]
        known = [value for value in taken if value is not None]
        return sum(known) / len(known) if known else None

    def values(self, metric: str) -> list[tuple[str, float]]:
        """(seed, value) of each run that counts."""
        return list((self.metrics.get(metric) or {}).get("values", {}).items())

    def of(self, metric: str, what: str) -> float | None:
        """`mean`, `std`, ... of a metric; None where there is none."""
        found = (self.metrics.get(metric) or {}).get(what)
        return float(found) if isinstance(found, int | float) else None

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of the mean."""
        ends = (self.metrics.get(metric) or {}).get("ci95")
        return (float(ends[0]), float(ends[1])) if ends else None

    def spread(self, metric: str) -> str:
        """`0.9225 ± 0.0007`; only the mean for a single run."""
        mean, std = self.of(metric, "mean"), self.of(metric, "std")
        return "" if mean is None else number(mean) + ("" if std is None else f" ± {number(std)}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sweep as the page shows it.

    `configs`: the best first, those without a rank last. `facts`: sweep.json.
    """

    name: str
    objective: Objective | None
    configs: tuple[Config, ...]
    jobs: tuple[Job, ...]
    comparisons: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""

    @property
    def ranked(self) -> tuple[Config, ...]:
        """The configs that have the metric."""
        return tuple(config for config in self.configs if config.rank is not None)

    @property
    def states(self) -> Mapping[str, int]:
        """How many jobs are in each state."""
        return dict(self.summary.get("states") or {})

    def metric_names(self) -> list[str]:
        """The metric that ranks first, then the others by name; test metrics are held back."""
        found = {name for config in self.configs for name in config.metrics}
        first = [self.objective.name] if self.objective and self.objective.name in found else []
        return first + sorted(
            name for name in found - set(first) if not name.lower().startswith(HELD_BACK)
        )


def read_sheet(document: Mapping[str, Any], facts: Mapping[str, Any]) -> Sheet:
    """The sheet of an aggregated document (with its jobs) and of what sweep.json says."""
    jobs = {job["id"]: job for job in document["jobs"]}
    against = {row["b"]: row for row in document["comparisons"]}
    configs = [
        _config(group, jobs, against.get(group["config_id"])) for group in document["groups"]
    ]
    goal = document["objective"]
    return Sheet(
        name=document["exp_name"],
        objective=Objective(goal["name"], goal["goal"]) if goal else None,
        configs=tuple(sorted(configs, key=lambda config: (config.rank is None, config.rank or 0))),
        jobs=tuple(jobs.values()),
        comparisons=tuple(document["comparisons"]),
        warnings=tuple(document["warnings"]),
        summary=document["summary"],
        facts=facts,
        version=str(document.get("tool_version") or ""),
    )


def _config(
    group: Mapping[str, Any], jobs: Mapping[int, Job], against: Mapping[str, Any] | None
) -> Config:
    return Config(
        name=str(group["config_id"]),
        rank=group["rank"],
        params=group["params"],
        jobs=tuple(jobs[index] for index in group["jobs"] if index in jobs),
        n=group["n"],
        failed=group["n_failed"],
        metrics=group["metrics"],
        against_best=against,
    )


def span(jobs: Sequence[Job]) -> tuple[float, float] | None:
    """The first start and the last end of these jobs, in seconds since 1970; None when none has
    run."""
    starts = [time.timestamp() for job in jobs if (time := parse_time(job["start_time"]))]
    ends = [time.timestamp() for job in jobs if (time := parse_time(job["end_time"]))]
    return (min(starts), max(ends)) if starts and ends else None
