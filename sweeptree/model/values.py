"""The nouns that the modules share. Values only: nothing here touches the disk, git or the engine.

Borders (what a user writes, what stands on disk) are pydantic models; what only our own code passes
round are frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, Literal

Scalar = str | int | float | bool

MAX_COMMANDS = 100_000


class JobState(StrEnum):
    """Where a job stands. `lost`: its keeper died without an outcome (kill -9, power cut)."""

    PLANNED = "planned"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_final(self) -> bool:
        """True once an attempt has ended, however it ended."""
        return self not in (JobState.PLANNED, JobState.RUNNING)


class ExitCode(IntEnum):
    """What a command of ours ends with; docs/files.md says it to users."""

    OK = 0
    JOBS_FAILED = 1
    USAGE = 2
    REFUSED = 3
    STEP_FAILED = 4  # the jobs are ok, a fix, commit or pull request is not
    TIME_LIMIT = 5
    INTERRUPTED = 130


class StopCause(StrEnum):
    """Why a sweep starts nothing more."""

    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    TIME_LIMIT = "time limit"
    JOB_FAILED = "a job failed"
    FAILED_ALIKE = "the first jobs failed alike"


class DeliveryState(StrEnum):
    """How far a job's branch and pull request have come. `local`: a branch and no forge to tell;
    `opened`: labels or reviewers are still to come."""

    FAILED = "failed"
    LOCAL = "local"
    OPENED = "opened"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Job:
    """One command of a sweep.

    `index` never changes; `config_id` is the same for all seeds of a config.
    """

    index: int
    command: str
    params: Mapping[str, Scalar]
    seed: int | None
    config_id: str


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that a sweep is pinned to.

    `name` is what the user wrote, `branch` the branch HEAD is on.
    """

    commit: str
    name: str
    subject: str
    branch: str | None


@dataclass(frozen=True, slots=True)
class Worktree:
    """Where a job runs. `slot` is the pool's number, None when that is the repository itself.

    `top` is the root of the checkout; `path` the folder the command starts in (a subfolder when the
    sweep was started in one).
    """

    top: Path
    path: Path
    base_commit: str
    slot: int | None


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU (or MIG slice) that jobs may be given. Memory in MiB.

    `links`: (UUID, level) of every other GPU; the level of the closest common ancestor, 10 near to
    50 far.
    """

    uuid: str
    index: int
    name: str
    memory_total: int
    memory_free: int
    links: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What a keeper must hold before its job starts: `count` of `devices`, by lock files below
    `root`.

    `memory`: MiB of each, shared with others; 0: the whole devices.
    """

    root: Path
    devices: tuple[Device, ...]
    count: int
    owner: str
    memory: int = 0
    env_style: Literal["uuid", "index"] = "uuid"


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything a keeper needs to own one attempt of a job. Seconds for all durations.

    `env` is the whole environment of the command. `alive`, `outcome` and `started` are files of
    this attempt alone: `alive` is flocked by the keeper while it lives, `started` is written when
    the command starts (after the slots are held), `outcome` when its whole process tree is gone.
    `outlives_driver`: the keeper goes on when whoever started it dies; else it ends its job.
    """

    name: str
    command: str
    cwd: Path
    env: Mapping[str, str]
    log: Path
    alive: Path
    started: Path
    outcome: Path
    timeout: float | None
    grace: float
    log_cap: int
    slots: SlotRequest | None = None
    outlives_driver: bool = True


class Cause(StrEnum):
    """Why an attempt failed, where that says something about the next one."""

    GPU_LOST = "gpu_lost"
    GPU_MEMORY = "gpu_memory"
    HOST_MEMORY = "host_memory"
    PREEMPTED = "preempted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended.

    Times are UTC ISO 8601; `duration_seconds` is monotonic, from start to tree gone.

    `cause` names a failure that has a retry rule of its own. Peak memory is of the job's own
    processes, summed over its GPUs; utilisation (percent) and energy (joules) are of its GPUs,
    whoever used them.
    """

    state: JobState
    exit_code: int | None
    signal: int | None
    reason: str | None
    start_time: str | None
    end_time: str
    duration_seconds: float
    peak_rss_mb: float | None
    gpus: tuple[str, ...] = ()
    gpu_seconds: float = 0.0
    waited_seconds: float = 0.0
    log_bytes: int = 0
    log_dropped: int = 0
    leftovers: int = 0
    cause: Cause | None = None
    peak_vram_mb: float | None = None
    gpu_util_mean: float | None = None
    gpu_energy_j: float | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a job left in its worktree, as paths below `Worktree.top`.

    `tracked`: tracked files changed or removed; `made`: files git did not know (ignored ones too);
    `notes`: changes to what all worktrees share (config, hooks, refs), one sentence each.
    """

    tracked: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that holds what a job changed."""

    name: str
    commit: str


class PullState(StrEnum):
    """Whether a pull request is still to be decided."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as the forge shows it.

    `commit` is its head; `is_from_fork`: the head is in another repository.
    """

    number: int
    url: str
    state: PullState
    branch: str
    base: str
    commit: str
    title: str = ""
    body: str = ""
    is_draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    author: str = ""
    is_from_fork: bool = False


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a job reported: the last value per name, and the best of the sweep's metric.

    `diverged`: the names whose last value was NaN or infinite; they have none.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    best: Mapping[str, Any] | None = None
    source: str | None = None
    diverged: tuple[str, ...] = ()
