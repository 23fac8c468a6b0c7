"""A running sweep and a job on its way through it: what the stages share.

Hides: how a stop reaches every keeper, also one that is only now being started, and the bounds that hold for the
sweep as a whole (kept worktrees, branches).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from sweeptree import supervise, worktrees
from sweeptree.datasets import Digests
from sweeptree.delivery import Delivered
from sweeptree.gpus import capacity
from sweeptree.model import Cause, Job, JobRecord, JobState, Outcome, Worktree
from sweeptree.preflight import Prepared
from sweeptree.records import SweepStore, last_attempts

KEPT_FAILED = 8
_FORGIVEN = {Cause.GPU_LOST: 3, Cause.GPU_MEMORY: 1, Cause.HOST_MEMORY: 1}
JOB_FAILED = "a job failed"
TERM, KILL = 1, 2  # how firmly the jobs were asked to stop


class Sweep:
    """What all jobs of a running sweep share: its plan, its records, its worktrees, and whether it must stop."""

    def __init__(self, prepared: Prepared, store: SweepStore, pool: worktrees.Pool | None, *, log_cap: int = 0) -> None:
        self.prepared = prepared
        self.spec = prepared.spec
        self.paths = prepared.paths
        self.store = store
        self.pool = pool
        self.log_cap = log_cap
        self.cause: str | None = None
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._keepers: set[supervise.Keeper] = set()
        self._asked = 0
        self._kept_failed = 0
        self._branches = 0
        self.missed: list[str] = []
        self.undelivered: set[int] = set()
        self.before = last_attempts(prepared.paths)
        self.delivery_failed = False
        self.data = Digests()

    def miss(self, what: str) -> None:
        """Note that the engine could not be told something; the records have it all the same."""
        self.missed.append(what)

    def stop(self, cause: str, *, kill: bool = False) -> None:
        """Start nothing more and ask every running job to stop; `kill`: at once. The first cause stands.

        Asking again changes nothing, because a keeper takes a second request as an order to kill.
        """
        with self._guard:
            self.cause = cause if self.cause in (None, JOB_FAILED) else self.cause
            already = self._asked
            self._asked = max(already, KILL if kill else TERM)
            self.stopping.set()
            keepers = tuple(self._keepers) if self._asked > already else ()
            asked = self._asked
        for keeper in keepers:
            keeper.kill() if asked == KILL else keeper.stop()

    def start_no_more(self) -> None:
        """Let what runs go on, start nothing more (`--on_fail stop`)."""
        with self._guard:
            self.cause = self.cause or JOB_FAILED
        self.stopping.set()

    @contextlib.contextmanager
    def watched(self, keeper: supervise.Keeper) -> Iterator[supervise.Keeper]:
        """Keep a keeper within reach of `stop` while it is waited for."""
        with self._guard:
            self._keepers.add(keeper)
            asked = self._asked
        if asked:
            keeper.kill() if asked == KILL else keeper.stop()
        try:
            yield keeper
        finally:
            with self._guard:
                self._keepers.discard(keeper)

    def may_keep_failed(self) -> bool:
        """Whether one more failed job's worktree is kept (there is a bound, they cost disk)."""
        with self._guard:
            self._kept_failed += 1
            return self._kept_failed <= KEPT_FAILED

    def may_branch(self) -> bool:
        """Whether one more branch is made (`--max_prs`)."""
        with self._guard:
            self._branches += 1
            return self._branches <= self.spec.max_prs


class Chain:
    """One job on its way through its stages. No dataclass on purpose: the engine takes it as one opaque value."""

    def __init__(self, sweep: Sweep, job: Job) -> None:
        self.sweep = sweep
        self.job = job
        self.attempt = 0
        self.tries = 0
        self.forgiven: list[Cause] = []
        self.gpu_memory = sweep.spec.gpu_mem or 0
        self.worktree: Worktree | None = None
        self.outcome: Outcome | None = None
        self.record: JobRecord | None = None
        self.error: Exception | None = None
        self.stages_begun = 0
        self.setup_failed = False
        self.left_something = False
        self.has_branch = False
        self.delivered: Delivered | None = None
        self.is_undelivered = False

    @property
    def label(self) -> str:
        """What the job's task runs are called in the UI: its config and seed."""
        seed = f" seed={self.job.seed}" if self.job.seed is not None else ""
        return f"{self.job.config_id[:60]}{seed}"

    @property
    def attempts_left(self) -> bool:
        """Whether a failed job is to be tried again (`--retries`; a try that is forgiven does not count)."""
        again = self.outcome is not None and self.outcome.state in (JobState.FAILED, JobState.TIMED_OUT, JobState.LOST)
        counted = self.tries - len(self.forgiven)
        return again and counted <= self.sweep.spec.retries and not self.sweep.stopping.is_set()

    def judge_cause(self) -> None:
        """Forgive a try that failed for a cause with a rule of its own, and change what the next one asks for.

        A failed GPU: again on another, at most three times. Too little memory: again once; on the GPU with half as
        much again, or with the whole of it. A job that had its GPU to itself would only run out of memory again.
        """
        cause = self.outcome.cause if self.outcome is not None else None
        if cause is None or self.forgiven.count(cause) >= _FORGIVEN[cause]:
            return
        if cause is Cause.GPU_MEMORY:
            if not self.gpu_memory:
                return
            more = self.gpu_memory * 3 // 2
            devices = self.sweep.prepared.detection.devices
            self.gpu_memory = more if capacity(devices, self.sweep.prepared.gpus, more) else 0
        self.forgiven.append(cause)

    def update(self, **fields: object) -> None:
        """Write a part of the job's record."""
        self.record = self.sweep.store.update(self.job.index, **fields)
