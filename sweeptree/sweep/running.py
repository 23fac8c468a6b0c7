"""A sweep that is open: what is fixed about it, and the few things that all its jobs share.

    with Sweep.open(spec, Settings()) as sweep:
        job = sweep.job(0)

Hides: the order in which a sweep is prepared, locked and given its worktrees.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from sweeptree import worktrees
from sweeptree.analysis.datasets import Digests
from sweeptree.model import Job, JobRecord, SweepSpec
from sweeptree.publish.delivery import Gate
from sweeptree.records import SweepPaths, SweepStore, add_notice, last_attempts
from sweeptree.repository import hide_results
from sweeptree.settings import Settings
from sweeptree.sweep import preflight
from sweeptree.sweep.budgets import Budgets
from sweeptree.sweep.first_failures import FirstFailures
from sweeptree.sweep.preflight import OnThisMachine, Planner, PreparedSweep
from sweeptree.sweep.room_gate import RoomGate
from sweeptree.sweep.stopping import StopSwitch
from sweeptree.sweep.turns import Turn, Turns

Tell = Callable[[str], None]


class Misses:
    """What the engine could not be told; the records have it all the same."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        """One thing more."""
        self._texts.append(text)

    def first(self, count: int) -> list[str]:
        """The first of them, in the order in which they happened."""
        return self._texts[:count]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Fixed facts (prepared, attempts before), what is held (store, pool), and the parts that the
    jobs share, each with one duty.

    `handed_on`: somebody goes on with the work of its jobs later, so that every file of theirs
    stays in its worktree until then.
    """

    prepared: PreparedSweep
    settings: Settings
    store: SweepStore
    pool: worktrees.Pool | None
    attempts_before: Mapping[int, int]
    room: RoomGate
    turns: Turns | None
    budgets: Budgets
    first_failures: FirstFailures
    stop: StopSwitch = field(default_factory=StopSwitch)
    misses: Misses = field(default_factory=Misses)
    gate: Gate = field(default_factory=Gate)
    data: Digests = field(default_factory=Digests)
    tell: Tell | None = None
    handed_on: bool = False

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        spec: SweepSpec,
        settings: Settings,
        *,
        resume: bool = False,
        tell: Tell | None = None,
        planner: Planner | None = None,
    ) -> Iterator[Sweep]:
        """Prepare a sweep, take its lock and its worktrees.

        `tell` gets what somebody who watches should know; `planner` None: it runs on this
        machine. Raises UsageError or Refused.
        """
        planner = planner or OnThisMachine()
        looked_at = preflight.prepare(spec, settings, resume=resume, planner=planner)
        preflight.must_start(looked_at)
        with SweepStore.open(looked_at.paths) as store:
            looked_at.paths.cancel.unlink(missing_ok=True)  # meant for an earlier run
            hide_results(looked_at.repo, looked_at.paths.root)
            prepared = preflight.with_snapshot(looked_at)
            with _pool(prepared) as pool:
                yield cls(
                    prepared=prepared,
                    settings=settings,
                    store=store,
                    pool=pool,
                    attempts_before=last_attempts(prepared.paths),
                    room=RoomGate(prepared.room, tell),
                    turns=planner.turns(prepared),
                    budgets=Budgets(spec.max_prs),
                    first_failures=FirstFailures(spec.stop_after_same),
                    tell=tell,
                )

    @property
    def spec(self) -> SweepSpec:
        """What was asked for."""
        return self.prepared.spec

    @property
    def paths(self) -> SweepPaths:
        """Where the results are."""
        return self.prepared.paths

    def job(self, index: int) -> JobContext:
        """One of its jobs, about to begin."""
        jobs = self.prepared.jobs
        place = bisect_left(jobs, index, key=attrgetter("index"))  # --only leaves gaps
        return JobContext(self, jobs[place], Turn(self.turns))

    def say(self, text: str) -> None:
        """Let whoever watches know something beside the jobs."""
        add_notice(self.paths, text)
        if self.tell is not None:
            with contextlib.suppress(OSError):
                self.tell(text)

    def await_room(self) -> bool:
        """Wait until the disk has room for another job. False when the sweep is to stop."""
        return self.room.wait(self.stop.stopping)


@dataclass(frozen=True, slots=True)
class JobContext:
    """One job of an open sweep, with its turn: what each of its stages is given."""

    sweep: Sweep
    job: Job
    turn: Turn

    @property
    def index(self) -> int:
        """Its number in the sweep."""
        return self.job.index

    @property
    def spec(self) -> SweepSpec:
        """The sweep's spec."""
        return self.sweep.spec

    @property
    def paths(self) -> SweepPaths:
        """The sweep's paths."""
        return self.sweep.paths

    @property
    def store(self) -> SweepStore:
        """The one writer of the sweep's records."""
        return self.sweep.store

    @property
    def record(self) -> JobRecord:
        """The job's record as last written."""
        return self.sweep.store.record(self.job.index)

    @property
    def label(self) -> str:
        """What the job's task runs are called in the UI: its config and seed."""
        seed = f" seed {self.job.seed}" if self.job.seed is not None else ""
        return f"{self.job.config_id[:60]}{seed}"


@contextlib.contextmanager
def _pool(prepared: PreparedSweep) -> Iterator[worktrees.Pool | None]:
    spec = prepared.spec
    if not spec.use_worktree:
        yield None
        return
    size = prepared.parallel + prepared.lookahead
    commands = [job.command for job in prepared.jobs]
    found = worktrees.named_environments(prepared.repo, commands, spec.setup)
    links = worktrees.links_with_environments(prepared.repo, prepared.base, spec.links, found)
    with worktrees.Pool(
        prepared.repo,
        prepared.base,
        spec.exp_name,
        size=size,
        links=links,
        extras=prepared.beside,
    ) as pool:
        yield pool
