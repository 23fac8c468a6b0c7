"""A running sweep and a job on its way through it: what the stages share.

Hides: how a stop reaches every keeper, also one that is only now being started, and the bounds that
hold for the sweep as a whole (kept worktrees, branches).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Unpack

from sweeptree import supervise, worktrees
from sweeptree.analysis.datasets import Digests
from sweeptree.gpus import capacity
from sweeptree.model import Branch, Cause, Job, JobRecord, JobState, Outcome, RecordPart, Worktree
from sweeptree.publish.delivery import Delivered, Gate
from sweeptree.records import SweepStore, last_attempts
from sweeptree.sweep.drive import Turns
from sweeptree.sweep.preflight import Prepared
from sweeptree.system.room import pause_line

KEPT_FAILED = 8
ROOM_SECONDS = 1.0  # between looks at a disk that is too full
_FORGIVEN = {Cause.GPU_LOST: 3, Cause.GPU_MEMORY: 1, Cause.HOST_MEMORY: 1}
JOB_FAILED = "a job failed"
TERM, KILL = 1, 2  # how firmly the jobs were asked to stop


class Sweep:
    """What all jobs of a running sweep share: its plan, its records, its worktrees, and whether it
    must stop."""

    def __init__(
        self,
        prepared: Prepared,
        store: SweepStore,
        pool: worktrees.Pool | None,
        *,
        log_cap: int = 0,
        engine: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.prepared = prepared
        self.spec = prepared.spec
        self.paths = prepared.paths
        self.store = store
        self.pool = pool
        self.log_cap = log_cap
        # whether a flow run stands for this sweep; without one the stages run by themselves
        self.engine = engine
        self._tell = tell
        self._waits_for_room = False
        self.cause: str | None = None
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._keepers: set[supervise.Keeper] = set()
        self._asked = 0
        self._kept_failed = 0
        self._branches: set[int] = set()
        self.missed: list[str] = []
        self.undelivered: set[int] = set()
        self.owed: set[int] = set()
        self.before = last_attempts(prepared.paths)
        self.delivery_failed = False
        self.gate = Gate()
        self.data = Digests()
        turns = Turns(prepared.parallel, prepared.lookahead)
        self.turns = None if prepared.gpus else turns  # a GPU job waits for its GPU instead

    def miss(self, what: str) -> None:
        """Note that the engine could not be told something; the records have it all the same."""
        self.missed.append(what)

    def stop(self, cause: str, *, kill: bool = False) -> None:
        """Start nothing more and ask every running job to stop; `kill`: at once.

        The first cause stands.

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

    def await_room(self) -> bool:
        """Wait until the disk has room for another job. False when the sweep is to stop instead.

        Asked before each attempt: a job that starts on a full disk would only fail. Said once,
        however many wait.
        """
        while not self.stopping.is_set():
            lack = self.prepared.room.lacking()
            self._note_room(lack)
            if lack is None:
                return True
            self.stopping.wait(ROOM_SECONDS)
        return False

    def _note_room(self, lack: str | None) -> None:
        with self._guard:
            before, self._waits_for_room = self._waits_for_room, lack is not None
        if self._tell is not None and before != (lack is not None):
            self._tell(pause_line(lack))

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

    def count_branches(self, records: Iterable[JobRecord]) -> None:
        """The branches of earlier runs count too."""
        with self._guard:
            self._branches |= {
                record.id
                for record in records
                if (record.git_branch or "").startswith("sweeptree/")
            }

    def may_branch(self, index: int) -> bool:
        """Whether a job may have a branch: it has one, or there are fewer than `--max_prs`."""
        with self._guard:
            if len(self._branches | {index}) <= self.spec.max_prs:
                self._branches.add(index)
            return index in self._branches


class Chain:
    """One job on its way through its stages.

    No dataclass on purpose: the engine takes it as one opaque value.
    """

    def __init__(self, sweep: Sweep, job: Job) -> None:
        self.sweep = sweep
        self.job = job
        self.attempt = 0
        self.tries = 0
        self.has_turn = False
        self.is_ahead = False  # it began (driver.Turns), and has not had a turn yet
        self.forgiven: list[Cause] = []
        self.gpu_memory = sweep.spec.gpu_mem or 0
        self.worktree: Worktree | None = None
        self.outcome: Outcome | None = None
        self.record: JobRecord | None = None
        self.error: Exception | None = None
        self.stages_begun = 0
        self.setup_failed = False
        self.left_something = False
        self.branch: Branch | None = None
        self.delivered: Delivered | None = None
        self.owes: str | None = None

    @property
    def label(self) -> str:
        """What the job's task runs are called in the UI: its config and seed."""
        seed = f" seed={self.job.seed}" if self.job.seed is not None else ""
        return f"{self.job.config_id[:60]}{seed}"

    @property
    def attempts_left(self) -> bool:
        """Whether a failed job is to be tried again (`--retries`; a try that is forgiven does not
        count)."""
        again = self.outcome is not None and self.outcome.state in (
            JobState.FAILED,
            JobState.TIMED_OUT,
            JobState.LOST,
        )
        counted = self.tries - len(self.forgiven)
        return again and counted <= self.sweep.spec.retries and not self.sweep.stopping.is_set()

    def judge_cause(self) -> None:
        """Forgive a try that failed for a cause with a rule of its own, and change what the next
        one asks for.

        A failed GPU: again on another, at most three times. Too little memory: again once; on the
        GPU with half as much again, or with the whole of it. A job that had its GPU to itself would
        only run out of memory again.
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

    def take_turn(self) -> bool:
        """Wait until this job's command may run. False when the sweep is to stop instead."""
        turns = self.sweep.turns
        if turns is None:
            return True
        self.has_turn = turns.take(self.sweep.stopping)
        self._is_ready()
        return self.has_turn and self.sweep.await_room()

    def take_turn_at_once(self) -> None:
        """Count a command that runs already among those that may run."""
        turns = self.sweep.turns
        self.has_turn = turns is not None and turns.take_at_once()
        if self.has_turn:
            self._is_ready()

    def end_turn(self) -> None:
        """The command has ended: another job's may run while this one is written down and
        delivered."""
        if self.has_turn and self.sweep.turns is not None:
            self.has_turn = False
            self.sweep.turns.give_back()

    def end(self) -> None:
        """The chain is done, whether its command had a turn or not."""
        self.end_turn()
        self._is_ready()

    def _is_ready(self) -> None:
        if self.is_ahead and self.sweep.turns is not None:
            self.is_ahead = False
            self.sweep.turns.ready()

    def update(self, **part: Unpack[RecordPart]) -> None:
        """Write a part of the job's record."""
        self.record = self.sweep.store.update(self.job.index, **part)
