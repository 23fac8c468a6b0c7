"""What a lane may ask for and tell: jobs, heartbeats, results."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweeptree.hosts.leases.balance import Balance
from sweeptree.hosts.leases.deadlines import Deadlines
from sweeptree.hosts.leases.driver_calls import check_same
from sweeptree.hosts.leases.endings import tell_unplaceable
from sweeptree.hosts.leases.lane_leases import LaneLeases, Lent
from sweeptree.hosts.leases.problems import BadCall, NoSuchSweep
from sweeptree.hosts.leases.rows import (
    OPEN,
    JobRow,
    JobState,
    LaneRow,
    LaneState,
    LeaseRow,
    LeaseState,
    SweepRow,
    SweepRows,
)
from sweeptree.hosts.values import (
    EventKind,
    Granted,
    Lane,
    Leased,
    Order,
    Orders,
    Result,
    Verdict,
)

_ALIVE = (LeaseState.HELD, LeaseState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Wish:
    """How many jobs a lane has a free slot for, and how many it would make ready ahead."""

    free: int
    ahead: int = 0


class LaneCalls:
    """The calls of one lane of one sweep, within a transaction."""

    def __init__(self, rows: SweepRows, deadlines: Deadlines, lane: str) -> None:
        self._rows = rows
        self._lane = lane
        self._own = LaneLeases(rows, deadlines, lane)
        self._balance = Balance(rows, lane)

    def join(self, lane: Lane) -> tuple[Leased, ...]:
        """Begin, or begin again; what this lane still holds. Jobs that ran in an earlier boot of
        the host have ended with it."""
        self._check_host(lane)
        for lease in self._given(*_ALIVE):
            self._own.end_with_boot(lease, lane.boot)
        self._note(lane)
        self._own.live()
        tell_unplaceable(self._rows)
        held = [lease.leased for lease in self._given(*_ALIVE)]
        return tuple(self._own.with_needs(leased) for leased in held if self._own.keep(leased))

    def lease(self, wish: Wish, request: str) -> Granted:
        """Jobs for the lane, the first due ones that it has the GPUs for."""
        lane = self._own.heard()
        earlier = self._rows.answered(request)
        if earlier is not None:
            call, leases = earlier
            check_same(call, "lease")
            return self._granted(leases)
        leases = self._give(lane, wish)
        if leases:
            self._rows.remember(request, "lease", leases)
        return self._granted(leases)

    def beat(self, holds: Iterable[Leased]) -> Orders:
        """Live on, with the jobs that are named; what else the lane was given is due again soon."""
        self._own.heard()
        holds = tuple(holds)
        self._own.forget_others(holds)
        ended = [leased for leased in holds if not self._own.keep(leased)]
        lost = tuple(leased for leased in ended if not self._has_finished(leased))
        return replace(self.orders(), lost=lost)

    def orders(self) -> Orders:
        """What the lane shall do."""
        sweep = _known(self._rows)
        held = self._given(LeaseState.HELD)
        jobs = [self._rows.job(lease.job) for lease in held]
        cancelled = tuple(job.job for job in jobs if job and job.cancelled)
        order = standing_order(sweep)
        recalled = self._balance.recalled() if order is Order.GO else ()
        return Orders(order, sweep.orders, cancelled, recalled=recalled)

    def started(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """The command of an attempt has begun."""
        verdict = self._still(leased)
        lent = self._own.find(leased)
        if verdict.accepted and lent is not None and not lent.lease.started:
            begun = replace(lent.lease, started=True)
            self._rows.add_lease(begun)
            self._rows.add_event(EventKind.STARTED, leased, begun.host, payload)
        return verdict

    def progress(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """Something new of an attempt that runs; only the newest is kept."""
        verdict = self._still(leased)
        lent = self._own.find(leased)
        if verdict.accepted and lent is not None:
            host = lent.lease.host
            self._rows.drop_events(EventKind.PROGRESS, leased.job)
            self._rows.add_event(EventKind.PROGRESS, leased, host, payload)
        return verdict

    def finish(self, result: Result) -> Verdict:
        """What came of an attempt. It counts while no newer one has begun, however late it is."""
        leased = Leased(result.job, result.attempt)
        lent = self._own.find(leased)
        if lent is None:
            return self._refuse_stranger(leased)
        if lent.lease.is_finished:
            return Verdict(True)
        why = self._own.why_over(lent)
        if why is not None:
            return Verdict(False, why)
        self._accept(lent, result)
        return Verdict(True)

    def release(self, leases: Iterable[Leased]) -> None:
        """Give jobs back that have not begun; they are due again at once."""
        for leased in leases:
            lent = self._own.find(leased)
            if lent is not None and lent.lease.is_held:
                self._own.give_back(lent.lease)

    def leave(self) -> None:
        """Be gone for good, with what is held due again."""
        found = self._rows.lane(self._lane)
        if found is None or found.has_left:
            return
        gone = replace(found, state=LaneState.LEFT)
        self._rows.add_lane(gone)
        self._own.drop()
        for lease in self._given(LeaseState.HELD):
            self._own.give_back(lease)
        self._rows.add_event(EventKind.LANE_LEFT, host=gone.lane.host)
        tell_unplaceable(self._rows)

    def _check_host(self, lane: Lane) -> None:
        earlier = self._rows.lane(lane.id)
        if earlier is None:
            return
        host = earlier.lane.host
        if host != lane.host:
            raise BadCall(f"lane {lane.id} is that of {host}, not of {lane.host}")

    def _note(self, lane: Lane) -> None:
        """Write the lane down, and tell of it, unless it only repeats itself."""
        now = LaneRow(lane, LaneState.UP)
        if self._rows.lane(lane.id) != now:
            self._rows.add_lane(now)
            self._rows.add_event(EventKind.LANE_JOINED, host=lane.host)

    def _given(self, *states: LeaseState) -> list[LeaseRow]:
        return self._rows.leases_of(self._lane, *states)

    def _give(self, lane: Lane, wish: Wish) -> tuple[Leased, ...]:
        sweep = _known(self._rows)
        most = wish.free + self._balance.ahead(wish.free, wish.ahead)
        if not most or standing_order(sweep) is not Order.GO:
            return ()
        fitting = self._fitting(lane, most)
        return tuple(self._own.give(lane, job) for job in fitting)

    def _fitting(self, lane: Lane, most: int) -> list[JobRow]:
        due = self._rows.jobs(JobState.DUE)
        offered = filter(self._own.may_get, due)
        fitting = (job for job in offered if lane.has(job.gpus, job.gpu_memory))
        return list(itertools.islice(fitting, most))

    def _granted(self, leases: tuple[Leased, ...]) -> Granted:
        order = standing_order(_known(self._rows))
        left = self._rows.count(*OPEN)
        return Granted(leases, order, left)

    def _has_finished(self, leased: Leased) -> bool:
        lent = self._own.find(leased)
        return lent is not None and lent.lease.is_finished

    def _still(self, leased: Leased) -> Verdict:
        """Whether the attempt is the lane's to run."""
        self._own.heard()
        if self._own.keep(leased):
            return Verdict(True)
        lent = self._own.find(leased)
        if lent is None:
            return self._refuse_stranger(leased)
        why = self._own.why_over(lent)
        return Verdict(False, why or f"attempt {leased.attempt} has ended")

    def _refuse_stranger(self, leased: Leased) -> Verdict:
        what = f"attempt {leased.attempt} of job {leased.job}"
        return Verdict(False, f"{what} was never leased to lane {self._lane}")

    def _accept(self, lent: Lent, result: Result) -> None:
        lease = replace(lent.lease, state=LeaseState.FINISHED)
        job = replace(lent.job, state=JobState.FINISHED, cancelled=False)
        self._rows.add_lease(lease)
        self._rows.add_job(job)
        self._own.drop(job.job)
        self._rows.drop_events(EventKind.PROGRESS, job.job)
        self._rows.add_event(EventKind.FINISHED, lease.leased, lease.host, result.payload)


def standing_order(sweep: SweepRow) -> Order:
    """What lanes shall do; a closed sweep needs nothing more."""
    is_over = sweep.closed and sweep.order is Order.GO
    return Order.DRAIN if is_over else sweep.order


def _known(rows: SweepRows) -> SweepRow:
    found = rows.row()
    if found is None:
        raise NoSuchSweep(f"no sweep {rows.sweep} is known here")
    return found
