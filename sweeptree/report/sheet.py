"""What the page tells, read once from the aggregated document and sweep.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeptree.analysis.document import (
    Comparison,
    Document,
    Group,
    JobRow,
    Spread,
    Summary,
    is_held_back,
)
from sweeptree.analysis.stats import Objective, mean
from sweeptree.model import JobState, Scalar
from sweeptree.report.varying import short_names, varying


@dataclass(frozen=True, slots=True)
class Config:
    """One config: its group, its jobs, and how it compares with the best.

    `name` holds only the parameters that vary; `place`: which of the page's configs it is.
    """

    group: Group
    jobs: tuple[JobRow, ...]
    name: str
    place: int
    against_best: Comparison | None = None

    @property
    def rank(self) -> int | None:
        """Its place, from 1; None without the metric."""
        return self.group.rank

    @property
    def params(self) -> Mapping[str, Scalar]:
        """Its parameters without the seed."""
        return self.group.params

    @property
    def metrics(self) -> Mapping[str, Spread]:
        """All its metrics by name."""
        return self.group.metrics

    @property
    def succeeded(self) -> list[JobRow]:
        """Its jobs that count."""
        return [job for job in self.jobs if job.state is JobState.SUCCEEDED]

    def seconds(self) -> float | None:
        """The mean time of its jobs that succeeded."""
        taken = [job.duration_seconds for job in self.succeeded]
        known = [value for value in taken if value is not None]
        return mean(known) if known else None

    def values(self, metric: str) -> list[tuple[str, float]]:
        """(seed, value) of each run that counts."""
        found = self.metrics.get(metric)
        return list(found.values.items()) if found else []

    def mean(self, metric: str) -> float | None:
        """The mean of a metric; None where there is none."""
        return self.group.mean(metric)

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of the mean."""
        found = self.metrics.get(metric)
        return found.ci95 if found else None

    def spread(self, metric: str) -> str:
        """`0.9225 ± 0.0007`; only the mean for a single run."""
        return self.group.spread(metric)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sweep as the page shows it.

    `configs`: the best first, those without a rank last. `varying`: the parameters that have
    several values. `facts`: sweep.json.
    """

    document: Document
    configs: tuple[Config, ...]
    varying: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    _by_id: Mapping[str, Config] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.document.exp_name

    def config_of(self, job: JobRow) -> Config | None:
        """The config of a job."""
        return self._by_id.get(job.config_id or "")

    def name_of(self, job: JobRow) -> str:
        """The short name of a job's config; nothing where it has none."""
        config = self.config_of(job)
        return job.config_id or "" if config is None else config.name

    @property
    def objective(self) -> Objective | None:
        """What the sweep ranks by."""
        return self.document.objective

    @property
    def jobs(self) -> tuple[JobRow, ...]:
        """All jobs, in order."""
        return self.document.jobs

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The configs against the best."""
        return self.document.comparisons

    @property
    def summary(self) -> Summary:
        """The sums over the jobs."""
        return self.document.summary

    @property
    def version(self) -> str:
        """Of the tool that made the document."""
        return self.document.tool_version

    @property
    def ranked(self) -> tuple[Config, ...]:
        """The configs that have the metric."""
        return tuple(config for config in self.configs if config.rank is not None)

    @property
    def states(self) -> Mapping[str, int]:
        """How many jobs are in each state."""
        return self.summary.states

    def metric_names(self) -> list[str]:
        """The metric that ranks first, then the others by name; test metrics are held back."""
        found = set(self.document.metric_names())
        first = [self.objective.name] if self.objective and self.objective.name in found else []
        others = sorted(found.difference(first))
        return first + [name for name in others if not is_held_back(name)]


def read_sheet(document: Document, facts: Mapping[str, Any]) -> Sheet:
    """The sheet of an aggregated document (with its jobs) and of what sweep.json says."""
    jobs = {job.id: job for job in document.jobs}
    against = {row.b: row for row in document.comparisons}
    groups = document.in_order()
    names = short_names(groups)
    configs = []
    for place, group in enumerate(groups):
        own = tuple(jobs[index] for index in group.jobs if index in jobs)
        name, row = names[group.config_id], against.get(group.config_id)
        configs.append(Config(group, own, name, place, row))
    found = varying([group.params for group in groups])
    by_id = {config.group.config_id: config for config in configs}
    return Sheet(document, tuple(configs), found, facts, by_id)
