"""What stands on disk of a job: its record, with its attempts and how far its delivery has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from sweeptree.model.values import Cause, DeliveryState, JobState, Scalar

SCHEMA_VERSION = 1
_LACK_OF_MEMORY = {
    "out of GPU memory": Cause.GPU_MEMORY,
    "out of host memory": Cause.HOST_MEMORY,
}


def recorded_cause(reason: str | None) -> Cause | None:
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

    `local`: a branch, and no forge to tell; `opened`: labels or reviewers are still to come;
    `labels` and `reviewers`: what was asked for; `step`, `reason` and `finish` tell of a failure.
    `resume` goes on wherever it is not `delivered`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    state: DeliveryState
    step: str | None = None
    reason: str | None = None
    finish: str | None = Field(default=None, description="The command that goes on with it.")
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


class RemoteArtifact(BaseModel):
    """A file that a job made and that was left on the host that ran it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    host: str
    path: str = Field(description="The whole path on the host.")
    bytes: int
    sha256: str


class JobRecord(BaseModel):
    """Additive changes only within a schema_version; readers ignore fields they do not know.

    Every field but `id` has a default, so that legacy records load too.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = 0
    id: int
    cmd: str = ""
    state: JobState | None = Field(
        default=None, description="null in legacy records that name no outcome."
    )
    exit_code: int | None = Field(
        default=None,
        description="Exit code of the last attempt; null while it runs or when a signal ended it.",
    )
    reason: str | None = None
    log: str | None = None
    start_time: str | None = Field(default=None, description="UTC, ISO 8601.")
    end_time: str | None = Field(default=None, description="UTC, ISO 8601.")
    duration_seconds: float | None = Field(
        default=None,
        description="Seconds from the last attempt's start until its whole process tree was gone.",
    )
    git_commit: str | None = Field(default=None, description="The commit that the job ran at.")
    git_branch: str | None = None
    base_commit: str | None = None
    host: str | None = None
    python_version: str | None = None
    worktree: str | None = None
    left_in_worktree: int = Field(
        default=0, description="Files that stand in its worktree alone, which is kept for them."
    )
    import_path: tuple[str, ...] = Field(
        default=(),
        description="Folders of its worktree that PYTHONPATH put before an editable install.",
    )
    attempts: tuple[Attempt, ...] = ()
    params: dict[str, Scalar] = Field(
        default_factory=dict, description="Parameters without the seed."
    )
    seed: int | None = None
    config_id: str | None = Field(default=None, description="The same for all seeds of a config.")
    gpus: tuple[str, ...] = ()
    gpu_seconds: float | None = Field(default=None, description="Seconds times GPUs held.")
    gpu_util_mean: float | None = Field(
        default=None,
        description="Mean utilisation of the job's GPUs in percent, sampled once a second.",
    )
    gpu_energy_j: float | None = Field(
        default=None,
        description="Energy that the job's GPUs used meanwhile, in joules, whoever used them.",
    )
    peak_vram_mb: float | None = Field(default=None, description="MiB.")
    peak_rss_mb: float | None = Field(default=None, description="MiB.")
    metrics: dict[str, float] = Field(
        default_factory=dict, description="The last value of each metric."
    )
    best: dict[str, Any] | None = Field(
        default=None, description="The best value of the sweep's metric: metric, value, step, goal."
    )
    metrics_source: str | None = Field(default=None, description="Where the metrics were found.")
    diverged: tuple[str, ...] = Field(
        default=(), description="Metrics whose last value was NaN or infinite; they have none."
    )
    artifacts: tuple[str, ...] = Field(
        default=(), description="Files kept, relative to job_<i>/artifacts/."
    )
    remote_artifacts: tuple[RemoteArtifact, ...] = Field(
        default=(), description="Files that were left on the host (--artifacts keep-remote)."
    )
    notes: tuple[str, ...] = ()
    auto_fix: dict[str, Any] | None = None
    pr_url: str | None = None
    pr_number: int | None = None
    delivery: JobDelivery | None = None
    review: dict[str, Any] | None = None
    reproduce: str | None = None
    data_digest: str | None = Field(
        default=None,
        description="`digest` in the manifest.json of the job's data; null: no manifest names one.",
    )


class RecordPart(TypedDict, total=False):
    """What one step of a job writes: any of the record's fields but `id` and `schema_version`.

    The store takes its parts as keywords of these names, so that a misspelt one fails the type
    checker.
    """

    cmd: str
    state: JobState | None
    exit_code: int | None
    reason: str | None
    log: str | None
    start_time: str | None
    end_time: str | None
    duration_seconds: float | None
    git_commit: str | None
    git_branch: str | None
    base_commit: str | None
    host: str | None
    python_version: str | None
    worktree: str | None
    left_in_worktree: int
    import_path: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    params: Mapping[str, Scalar]
    seed: int | None
    config_id: str | None
    gpus: tuple[str, ...]
    gpu_seconds: float | None
    gpu_util_mean: float | None
    gpu_energy_j: float | None
    peak_vram_mb: float | None
    peak_rss_mb: float | None
    metrics: Mapping[str, float]
    best: Mapping[str, object] | None
    metrics_source: str | None
    diverged: tuple[str, ...]
    artifacts: tuple[str, ...]
    remote_artifacts: tuple[RemoteArtifact, ...]
    notes: tuple[str, ...]
    auto_fix: Mapping[str, object] | None
    pr_url: str | None
    pr_number: int | None
    delivery: JobDelivery | None
    review: Mapping[str, object] | None
    reproduce: str | None
    data_digest: str | None
