"""What a lane may ask for and tell: jobs, heartbeats, results."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweeptree.hosts.leases.deadlines import Deadlines, Key
from sweeptree.hosts.leases.driver_calls import check_same
from sweeptree.hosts.leases.endings import lose, tell_unplaceable
from sweeptree.hosts.leases.problems import BadCall, NoSuchSweep, NotJoined
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
        self._deadlines = deadlines
        self._lane = lane

    def join(self, lane: Lane) -> tuple[Leased, ...]:
        """Begin, or begin again; what this lane still holds. Jobs that ran in an earlier boot of
        the host have ended with it."""
        earlier = self._rows.lane(lane.id)
        if earlier is not None and earlier.lane.host != lane.host:
            raise BadCall(f"lane {lane.id} is that of {earlier.lane.host}, not of {lane.host}")
        for lease in self._rows.leases_of(lane.id, *_ALIVE):
            self._end_with_boot(lease, lane.boot)
        if earlier != (now := LaneRow(lane, LaneState.UP)):
            self._rows.add_lane(now)
            self._rows.add_event(EventKind.LANE_JOINED, host=lane.host)
        self._deadlines.extend(self._own_key())
        tell_unplaceable(self._rows)
        held = (lease.leased for lease in self._rows.leases_of(lane.id, *_ALIVE))
        return tuple(self._with_needs(leased) for leased in held if self._keep(leased))

    def lease(self, wish: Wish, request: str) -> Granted:
        """Jobs for the lane, the first due ones that it has the GPUs for."""
        lane = self._heard()
        earlier = self._rows.answered(request)
        if earlier is not None:
            check_same(earlier[0], "lease")
            return self._granted(earlier[1])
        order = standing_order(_known(self._rows))
        chosen = self._choose(lane, wish) if order is Order.GO else []
        leases = tuple(self._give(lane, job) for job in chosen)
        if leases:
            self._rows.remember(request, "lease", leases)
        return self._granted(leases)

    def beat(self, holds: Iterable[Leased]) -> Orders:
        """Live on, with the jobs that are named; what else the lane was given is due again soon."""
        self._heard()
        held = tuple(holds)
        lost = tuple(each for each in held if not self._keep(each) and self._is_over(each))
        return replace(self.orders(), lost=lost)

    def orders(self) -> Orders:
        """What the lane shall do."""
        sweep = _known(self._rows)
        held = self._rows.leases_of(self._lane, LeaseState.HELD)
        jobs = [self._rows.job(lease.job) for lease in held]
        cancelled = tuple(job.job for job in jobs if job is not None and job.cancelled)
        return Orders(standing_order(sweep), sweep.orders, cancelled)

    def started(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """The command of an attempt has begun."""
        verdict, lease = self._still(leased)
        if verdict.accepted and lease is not None and not lease.started:
            self._rows.add_lease(replace(lease, started=True))
            self._rows.add_event(EventKind.STARTED, leased, lease.host, payload)
        return verdict

    def progress(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """Something new of an attempt that runs; only the newest is kept."""
        verdict, lease = self._still(leased)
        if verdict.accepted and lease is not None:
            self._rows.drop_events(EventKind.PROGRESS, leased.job)
            self._rows.add_event(EventKind.PROGRESS, leased, lease.host, payload)
        return verdict

    def finish(self, result: Result) -> Verdict:
        """What came of an attempt. It counts while no newer one has begun, however late it is."""
        leased = Leased(result.job, result.attempt)
        lease, job = self._find(leased)
        if lease is None or job is None:
            return self._refuse_stranger(leased)
        if lease.state is LeaseState.FINISHED:
            return Verdict(True)
        if (why := self._why_over(lease, job)) is not None:
            return Verdict(False, why)
        self._accept(lease, job, result)
        return Verdict(True)

    def release(self, leases: Iterable[Leased]) -> None:
        """Give jobs back that have not begun; they are due again at once."""
        for leased in leases:
            lease = self._rows.lease(leased.job, leased.attempt)
            if lease is not None and lease.lane == self._lane and lease.state is LeaseState.HELD:
                self._return(lease)

    def leave(self) -> None:
        """Be gone for good, with what is held due again."""
        found = self._rows.lane(self._lane)
        if found is None or found.state is LaneState.LEFT:
            return
        self._rows.add_lane(replace(found, state=LaneState.LEFT))
        self._deadlines.drop(self._own_key())
        for lease in self._rows.leases_of(self._lane, LeaseState.HELD):
            self._return(lease)
        self._rows.add_event(EventKind.LANE_LEFT, host=found.lane.host)
        tell_unplaceable(self._rows)

    def _heard(self) -> Lane:
        found = self._rows.lane(self._lane)
        if found is None or found.state is LaneState.LEFT:
            raise NotJoined(f"lane {self._lane} has to join first")
        if found.state is LaneState.LOST:
            self._rows.add_lane(replace(found, state=LaneState.UP))
            self._rows.add_event(EventKind.LANE_BACK, host=found.lane.host)
        self._deadlines.extend(self._own_key())
        return found.lane

    def _choose(self, lane: Lane, wish: Wish) -> list[JobRow]:
        """The jobs to give. Nobody gets one ahead that a free slot elsewhere could begin now."""
        most = wish.free + self._ahead(wish)
        due = self._rows.jobs(JobState.DUE) if most else iter(())
        fitting = (job for job in due if lane.has(job.gpus, job.gpu_memory))
        return list(itertools.islice(fitting, most))

    def _ahead(self, wish: Wish) -> int:
        if not wish.ahead:
            return 0
        left = self._rows.count(JobState.DUE) - wish.free - self._free_elsewhere()
        return max(min(wish.ahead, left), 0)

    def _free_elsewhere(self) -> int:
        others = [
            each.lane
            for each in self._rows.lanes()
            if each.state is LaneState.UP and each.lane.id != self._lane
        ]
        held = [len(self._rows.leases_of(lane.id, LeaseState.HELD)) for lane in others]
        return sum(max(lane.slots - busy, 0) for lane, busy in zip(others, held, strict=True))

    def _give(self, lane: Lane, job: JobRow) -> Leased:
        given = replace(job, state=JobState.LEASED, newest=job.newest + 1)
        lease = LeaseRow(
            job=job.job,
            attempt=given.newest,
            lane=lane.id,
            host=lane.host,
            boot=lane.boot,
            state=LeaseState.HELD,
            started=False,
        )
        self._rows.add_job(given)
        self._hold(lease)
        return replace(lease.leased, gpu_memory=job.gpu_memory)

    def _with_needs(self, leased: Leased) -> Leased:
        job = self._rows.job(leased.job)
        return leased if job is None else replace(leased, gpu_memory=job.gpu_memory)

    def _hold(self, lease: LeaseRow) -> None:
        self._rows.add_lease(replace(lease, state=LeaseState.HELD))
        self._deadlines.extend(Key(self._rows.sweep, None, lease.job))
        self._rows.add_event(EventKind.LEASED, lease.leased, lease.host)

    def _granted(self, leases: tuple[Leased, ...]) -> Granted:
        left = self._rows.count(*OPEN)
        return Granted(leases, standing_order(_known(self._rows)), left)

    def _keep(self, leased: Leased) -> bool:
        """Extend a lease of this lane; one that has expired lives again if nobody else has the
        job."""
        lease, job = self._find(leased)
        if lease is None or job is None or job.newest != leased.attempt:
            return False
        if lease.state is LeaseState.HELD:
            self._deadlines.extend(Key(self._rows.sweep, None, leased.job))
            return True
        if lease.state is not LeaseState.EXPIRED or job.state is not JobState.DUE:
            return False
        self._rows.add_job(replace(job, state=JobState.LEASED))
        self._hold(lease)
        return True

    def _is_over(self, leased: Leased) -> bool:
        lease = self._rows.lease(leased.job, leased.attempt)
        return lease is None or lease.state is not LeaseState.FINISHED

    def _find(self, leased: Leased) -> tuple[LeaseRow | None, JobRow | None]:
        lease = self._rows.lease(leased.job, leased.attempt)
        if lease is None or lease.lane != self._lane:
            return None, None
        return lease, self._rows.job(leased.job)

    def _still(self, leased: Leased) -> tuple[Verdict, LeaseRow | None]:
        """Whether the attempt is the lane's to run; its lease as it stands now."""
        self._heard()
        if self._keep(leased):
            return Verdict(True), self._rows.lease(leased.job, leased.attempt)
        lease, job = self._find(leased)
        if lease is None or job is None:
            return self._refuse_stranger(leased), None
        why = self._why_over(lease, job) or f"attempt {leased.attempt} has finished"
        return Verdict(False, why), None

    def _why_over(self, lease: LeaseRow, job: JobRow) -> str | None:
        """Why a lease counts no more; None while it does."""
        if job.newest != lease.attempt:
            return self._newest_in_words(job)
        if job.state is JobState.CANCELLED:
            return f"job {job.job} was cancelled"
        if job.state is JobState.GIVEN_UP:
            return f"job {job.job} was given up"
        return None

    def _newest_in_words(self, job: JobRow) -> str:
        newest = self._rows.lease(job.job, job.newest)
        if newest is None:
            return f"attempt {job.newest} of job {job.job} was begun elsewhere"
        done = newest.state is LeaseState.FINISHED
        return f"attempt {job.newest} {'has finished' if done else 'runs'} on {newest.host}"

    def _refuse_stranger(self, leased: Leased) -> Verdict:
        what = f"attempt {leased.attempt} of job {leased.job}"
        return Verdict(False, f"{what} was never leased to lane {self._lane}")

    def _accept(self, lease: LeaseRow, job: JobRow, result: Result) -> None:
        self._rows.add_lease(replace(lease, state=LeaseState.FINISHED))
        self._rows.add_job(replace(job, state=JobState.FINISHED, cancelled=False))
        self._deadlines.drop(Key(self._rows.sweep, None, job.job))
        self._rows.drop_events(EventKind.PROGRESS, job.job)
        self._rows.add_event(EventKind.FINISHED, lease.leased, lease.host, result.payload)

    def _end_with_boot(self, lease: LeaseRow, boot: str) -> None:
        job = self._rows.job(lease.job)
        is_open = job is not None and job.state in OPEN
        if is_open and boot and lease.boot and lease.boot != boot:
            why = f"{lease.host} was started anew"
            lose(self._rows, self._deadlines, lease, LeaseState.DOWN, why)

    def _return(self, lease: LeaseRow) -> None:
        why = f"{lease.host} gave it back"
        lose(self._rows, self._deadlines, lease, LeaseState.RETURNED, why)

    def _own_key(self) -> Key:
        return Key(self._rows.sweep, self._lane, None)


def standing_order(sweep: SweepRow) -> Order:
    """What lanes shall do; a closed sweep needs nothing more."""
    return Order.DRAIN if sweep.closed and sweep.order is Order.GO else sweep.order


def _known(rows: SweepRows) -> SweepRow:
    found = rows.row()
    if found is None:
        raise NoSuchSweep(f"no sweep {rows.sweep} is known here")
    return found
