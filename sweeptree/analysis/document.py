"""aggregated.json as one typed document: written by the aggregator, read by everything else.

Hides how the file is read and checked. Its JSON Schema is made from these models
(`python -m sweeptree.analysis.schemas`). Additive changes only within a schema_version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sweeptree.analysis.stats import Objective
from sweeptree.analysis.wording import DIVERGED, mean_and_std
from sweeptree.errors import RecordError
from sweeptree.model import JobRecord, Scalar
from sweeptree.model.record import SCHEMA_VERSION
from sweeptree.records import SweepPaths, read_bytes

MAX_DOCUMENT_BYTES = 2 * 1024 * 1024 * 1024
_TEST_METRIC = "test"


def is_held_back(metric: str) -> bool:
    """Test metrics are shown only when asked for: looking at them while choosing spoils them."""
    return metric.lower().startswith(_TEST_METRIC)


class _Part(BaseModel):
    # Built when first made: whoever only reads builds the document as a whole, and nothing twice.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Spread(_Part):
    """A metric over the seeds of a config."""

    n: int = Field(ge=1)
    mean: float
    std: float | None = Field(description="With n - 1 below; null for one value.")
    sem: float | None = None
    ci95: tuple[float, float] | None = Field(description="Low and high end of the 95 % interval.")
    min: float
    max: float
    median: float | None = None
    values: Mapping[str, float] = Field(
        description="One value per seed; 'job <i>' where there is no seed of its own."
    )

    @property
    def text(self) -> str:
        """`0.9225 ± 0.0007`; only the mean for a single value."""
        return mean_and_std(self.mean, self.std)


class Group(_Part):
    """A config. Only jobs that succeeded count in n and metrics."""

    config_id: str
    params: Mapping[str, Scalar]
    seeds: tuple[int, ...]
    jobs: tuple[int, ...] = ()
    n: int = Field(ge=0)
    n_failed: int = Field(ge=0)
    metrics: Mapping[str, Spread]
    data_digests: tuple[str, ...] = Field(
        default=(), description="The datasets that its jobs ran on; more than one: it has no means."
    )
    diverged: Mapping[str, int] = Field(
        default_factory=dict,
        description="Metric -> how many of its jobs ended with NaN or infinity; it has no mean.",
    )
    rank: int | None = Field(ge=1)

    def mean(self, metric: str) -> float | None:
        """The mean of a metric; None when no job of the config reported it."""
        found = self.metrics.get(metric)
        return None if found is None else found.mean

    def spread(self, metric: str) -> str:
        """`0.9225 ± 0.0007`; `diverged` where a job's was no number; nothing without the metric."""
        if self.diverged.get(metric):
            return self._divergence(metric)
        found = self.metrics.get(metric)
        return "" if found is None else found.text

    def _divergence(self, metric: str) -> str:
        """`diverged`, and of how many jobs where it was not all of them."""
        many = self.diverged[metric]
        return DIVERGED if many == self.n else f"{DIVERGED} ({many} of {self.n})"


class Comparison(_Part):
    """A config (b) against the leader (a).

    delta and ci95 (Welch) are of mean(b) - mean(a); p is two-sided, p_floor the least p such groups
    can show, p_holm is adjusted over all comparisons.
    """

    a: str
    b: str
    metric: str
    delta: float
    ci95: tuple[float, float] | None = Field(
        default=None, description="Low and high end of the 95 % interval."
    )
    test: str = ""
    p: float = Field(ge=0, le=1)
    p_floor: float = Field(ge=0, le=1)
    n: tuple[int, int]
    p_holm: float = Field(ge=0, le=1)


class Summary(_Part):
    """The legacy summary (exit codes in the order of the jobs), and the sums over the jobs."""

    exp_name: str
    commands: int = Field(ge=0)
    exit_codes: tuple[int | None, ...] = Field(description="In the order of jobs.")
    timestamp: Scalar | None
    states: Mapping[str, int]
    exit_code: int | None = Field(
        default=None, description="Of the whole sweep; null while it runs."
    )
    wall_seconds: float | None = None
    job_seconds: float | None = None
    gpu_seconds: float | None = None


class JobRow(JobRecord):
    """A record and the last 2,000 bytes of its log."""

    model_config = ConfigDict(defer_build=True)

    log_tail: str = ""

    def shown_metric(self, name: str) -> float | str | None:
        """The last value of a metric; `diverged` where it was no finite number."""
        return DIVERGED if name in self.diverged else self.metrics.get(name)


class Document(_Part):
    """Made from the records; additive changes only within a schema_version."""

    schema_version: int = SCHEMA_VERSION
    tool_version: str = ""
    exp_name: str
    spec_hash: str | None = None
    commit: str | None = None
    objective: Objective | None = None
    data_digests: Mapping[str, int] = Field(
        default_factory=dict,
        description="Digest of a dataset -> how many of the jobs that succeeded ran on it.",
    )
    comparable: bool = Field(
        default=True,
        description="false: the jobs ran on different data, and so are not ranked or compared.",
    )
    n_jobs: int = Field(ge=0)
    jobs: tuple[JobRow, ...]
    summary: Summary
    groups: tuple[Group, ...]
    leaderboard: tuple[str, ...] = Field(description="config_ids, the best first.")
    comparisons: tuple[Comparison, ...]
    warnings: tuple[str, ...]

    def ranked(self) -> list[Group]:
        """The configs that have a rank, the best first."""
        return ranked(self.groups)

    def in_order(self) -> list[Group]:
        """The ranked configs, then the others as they come."""
        return [*self.ranked(), *(group for group in self.groups if group.rank is None)]

    def metric_names(self) -> list[str]:
        """All metrics that some config has, in the order in which they are met."""
        named = (name for group in self.groups for name in (*group.metrics, *group.diverged))
        return list(dict.fromkeys(named))


def ranked(groups: Iterable[Group]) -> list[Group]:
    """The groups that have a rank, the best first."""
    return sorted((group for group in groups if group.rank), key=lambda group: group.rank or 0)


def best_first(groups: Iterable[Group], goal: Objective) -> list[Group]:
    """The groups that have the metric, the best mean first."""
    able = [group for group in groups if goal.name in group.metrics]
    return sorted(able, key=lambda group: goal.cost(group.metrics[goal.name].mean))


def read_document(paths: SweepPaths) -> Document:
    """Read aggregated.json. Raises RecordError when it is missing or is no such document."""
    path = paths.aggregated_json
    data = read_bytes(path, limit=MAX_DOCUMENT_BYTES)
    try:
        return Document.model_validate_json(data)
    except ValidationError as error:
        raise RecordError(
            f"{path.name} cannot be used: {_first(error)}",
            path=str(path),
            hint=f"sweeptree aggregate {paths.root.name}",
        ) from error


def _first(error: ValidationError) -> str:
    """The first of what is wrong, on one line."""
    details: Mapping[str, Any] = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, details["loc"]))
    return f"{place}: {details['msg']}" if place else str(details["msg"])
