"""Runs the leased jobs of a lane, each with a stop switch of its own.

Hides: how an order about one job reaches its keeper, also one that is only now being started, and
that a job goes back to the others when this host alone has to stop.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sweeptree.hosts.lanes.attempt import KeepContent, OneAttempt
from sweeptree.hosts.lanes.came import Came, as_payload, came_of
from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.outbox import Outbox
from sweeptree.hosts.values import Leased
from sweeptree.model import JobRecord, JobState, StopCause
from sweeptree.sweep.executor import Means
from sweeptree.sweep.launches import SETUP
from sweeptree.sweep.life import Start, run_job
from sweeptree.sweep.results import RunStage
from sweeptree.sweep.run import Progress
from sweeptree.sweep.running import JobContext, Sweep
from sweeptree.sweep.stopping import StopSwitch
from sweeptree.system.locks import is_held


@dataclass(frozen=True, slots=True)
class _JobStop:
    """The switch of one job, within reach of the lane's."""

    switch: StopSwitch

    def hold(self) -> None:
        """Begin nothing more."""
        self.switch.start_no_more(StopCause.CANCELLED)

    def stop(self) -> None:
        self.switch.stop(StopCause.CANCELLED)

    def kill(self) -> None:
        self.switch.stop(StopCause.CANCELLED, kill=True)


def has_begun(record: JobRecord, attempt: int) -> bool:
    """Whether the command of this attempt runs, by its record."""
    runs = [each.number for each in record.attempts if each.state is JobState.RUNNING]
    return record.state is JobState.RUNNING and attempt in runs


class Jobs:
    """The jobs of a lane: what runs, and what they came to. Thread-safe."""

    def __init__(
        self, sweep: Sweep, holdings: Holdings, outbox: Outbox, keep_content: KeepContent | None
    ) -> None:
        self.progress = Progress(0, 0)
        self._sweep = sweep
        self._holdings = holdings
        self._outbox = outbox
        self._keep_content = keep_content
        self._switches: dict[Leased, _JobStop] = {}
        self._ordered: set[Leased] = set()
        self._begins_no_more = False
        self._states: Counter[str] = Counter()
        self._guard = threading.Lock()

    def run(self, leased: Leased, stages: RunStage) -> None:
        """One leased attempt through its life; what came of it is kept to be told."""
        stop = _JobStop(StopSwitch())
        with self._guard:
            self._switches[leased] = stop
            self.progress.total += 1
            if self._begins_no_more:
                stop.hold()
        with self._sweep.stop.within_reach(stop):
            came = self._run(leased, stop, stages)
        self._tell(leased, came)
        with self._guard:
            del self._switches[leased]
            self._ordered.discard(leased)

    def end(self, leases: Iterable[Leased], *, kill: bool) -> None:
        """Have these attempts ended as the driver wants, where they run; `kill`: at once."""
        with self._guard:
            found = [each for each in leases if each in self._switches]
            stops = [self._switches[each] for each in found]
            self._ordered.update(found)
        for stop in stops:  # before one of them ends, and another one takes its turn
            stop.hold()
        for stop in stops:
            stop.kill() if kill else stop.stop()

    def hold_back(self, leases: Iterable[Leased]) -> None:
        """Let nothing begin any more: of these attempts, one that has not begun goes back."""
        leases = tuple(leases)
        with self._guard:
            self._begins_no_more = True
            stops = [self._switches[each] for each in leases if each in self._switches]
        for stop in stops:  # before one of them ends, and another one takes its turn
            stop.hold()
        self.hand_back(leases)

    def hand_back(self, leases: Iterable[Leased]) -> None:
        """Have these attempts begin elsewhere, unless they have begun or are to end here: a keeper
        itself decides whether its command has begun."""
        with self._guard:
            known = [each for each in leases if each in self._switches]
            stops = {each: self._switches[each] for each in known if each not in self._ordered}
        for leased, stop in stops.items():
            stop.hold()
            if self._is_being_set_up(leased):
                stop.stop()

    def states(self) -> dict[str, int]:
        """How many attempts ended in each state."""
        with self._guard:
            return dict(self._states)

    def _run(self, leased: Leased, stop: _JobStop, stages: RunStage) -> Came | None:
        attempt = OneAttempt(leased, self._keep_content)
        ended = run_job(self._context(leased, stop), Start.COMMAND, Means(attempt, stages))
        return came_of(ended.record, attempt)

    def _tell(self, leased: Leased, came: Came | None) -> None:
        """A job that the driver did not want ended goes back: another host runs it."""
        if came is None or self._was_ended_here(leased, came):
            self._holdings.give_back(leased)
            return
        self._count(came)
        self._outbox.put(leased, as_payload(came))
        self._holdings.ended(leased)

    def _was_ended_here(self, leased: Leased, came: Came) -> bool:
        with self._guard:
            return came.state is JobState.CANCELLED and leased not in self._ordered

    def _is_being_set_up(self, leased: Leased) -> bool:
        """Whether its setup runs: behind that its command does not begin any more."""
        alive = self._sweep.paths.attempt(leased.job, leased.attempt, f"alive{SETUP}")
        return is_held(alive)

    def _context(self, leased: Leased, stop: _JobStop) -> JobContext:
        return replace(self._sweep, stop=stop.switch).job(leased.job)

    def _count(self, came: Came) -> None:
        with self._guard:
            self._states[came.state.value] += 1
        if came.record is not None:
            self.progress.add(came.record)
