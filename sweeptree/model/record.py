"""What stands on disk of a job: its record, with the attempts and how far its delivery has come."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.model.values import Cause, DeliveryState, JobState, Scalar

SCHEMA_VERSION = 1
_LACK_OF_MEMORY = {
    "out of GPU memory": Cause.GPU_MEMORY,
    "out of host memory": Cause.HOST_MEMORY,
}


def told_cause(reason: str | None) -> Cause | None:
    """The lack of memory that a record's reason tells of: records hold no cause beside it."""
    beginnings = (words for words in _LACK_OF_MEMORY if (reason or "").startswith(words))
    words = next(beginnings, None)
    return _LACK_OF_MEMORY[words] if words else None


class Attempt(BaseModel):
    """One try of a job, as it stands in the record."""

    model_config = ConfigDict(frozen=True, extra="allow")

    number: int
    state: JobState
    exit_code: int | None = None
    reason: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    duration_seconds: float | None = None


class JobDelivery(BaseModel):
    """How far a job's branch and pull request have come.

    `step`, `reason` and `finish` tell of a failure.

    `local`: a branch and no forge to tell; `opened`: labels or reviewers are still to come;
    `labels` and `reviewers`: what was asked for. `resume` goes on wherever it is not `delivered`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    state: DeliveryState
    step: str | None = None
    reason: str | None = None
    finish: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


class JobRecord(BaseModel):
    """`job_<i>.meta.json`.

    Every field but `id` has a default, so records of the seed's own tools load too.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = 0
    id: int
    cmd: str = ""
    state: JobState | None = None
    exit_code: int | None = None
    reason: str | None = None
    log: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    duration_seconds: float | None = None
    git_commit: str | None = None
    git_branch: str | None = None
    base_commit: str | None = None
    host: str | None = None
    python_version: str | None = None
    worktree: str | None = None
    attempts: tuple[Attempt, ...] = ()
    params: dict[str, Scalar] = Field(default_factory=dict)
    seed: int | None = None
    config_id: str | None = None
    gpus: tuple[str, ...] = ()
    gpu_seconds: float | None = None
    gpu_util_mean: float | None = None
    gpu_energy_j: float | None = None
    peak_vram_mb: float | None = None
    peak_rss_mb: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    best: dict[str, Any] | None = None
    metrics_source: str | None = None
    artifacts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    auto_fix: dict[str, Any] | None = None
    pr_url: str | None = None
    pr_number: int | None = None
    delivery: JobDelivery | None = None
    review: dict[str, Any] | None = None
    reproduce: str | None = None
    data_digest: str | None = None


class SweepSummary(BaseModel):
    """What a sweep came to: the fan-in's answer, and what the command line prints last."""

    model_config = ConfigDict(frozen=True)

    exp_name: str
    n_jobs: int
    states: dict[str, int]
    exit_code: int
    wall_seconds: float | None = None
    results: str
    leaderboard: list[dict[str, Any]] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
