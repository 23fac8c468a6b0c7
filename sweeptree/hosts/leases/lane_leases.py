"""What one lane was given: lent, kept alive, given back, and why an attempt counts no more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sweeptree.hosts.leases.deadlines import Deadlines, Key
from sweeptree.hosts.leases.endings import lose
from sweeptree.hosts.leases.problems import NotJoined
from sweeptree.hosts.leases.rows import (
    OPEN,
    JobRow,
    JobState,
    LaneState,
    LeaseRow,
    LeaseState,
    SweepRows,
)
from sweeptree.hosts.values import EventKind, Lane, Leased


@dataclass(frozen=True, slots=True)
class Lent:
    """A lease of the lane with its job, as both stand now."""

    lease: LeaseRow
    job: JobRow

    @property
    def is_newest(self) -> bool:
        """Whether no later attempt of the job has begun."""
        return self.job.newest == self.lease.attempt

    @property
    def may_live_again(self) -> bool:
        """Whether it ran out, and nobody else was given the job since."""
        has_expired = self.lease.state is LeaseState.EXPIRED
        return has_expired and self.job.is_due


class LaneLeases:
    """The leases of one lane of one sweep."""

    def __init__(self, rows: SweepRows, deadlines: Deadlines, lane: str) -> None:
        self._rows = rows
        self._deadlines = deadlines
        self._lane = lane

    def live(self) -> None:
        """Let the lane live for one term."""
        self._deadlines.extend(self._own_key())

    def heard(self) -> Lane:
        """The lane, which lives for one term more. Raises NotJoined."""
        found = self._rows.lane(self._lane)
        if found is None or found.has_left:
            raise NotJoined(f"lane {self._lane} has to join first")
        if not found.is_up:
            back = replace(found, state=LaneState.UP)
            self._rows.add_lane(back)
            self._rows.add_event(EventKind.LANE_BACK, host=back.lane.host)
        self.live()
        return found.lane

    def find(self, leased: Leased) -> Lent | None:
        """A lease of this lane; None for what it was never given."""
        lease = self._rows.lease(leased.job, leased.attempt)
        job = self._rows.job(leased.job)
        if lease is None or job is None:
            return None
        return Lent(lease, job) if lease.lane == self._lane else None

    def give(self, lane: Lane, job: JobRow) -> Leased:
        """Begin a new attempt of a due job."""
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
        self._hold(given, lease)
        return replace(given.latest, gpu_memory=job.gpu_memory)

    def with_needs(self, leased: Leased) -> Leased:
        """The lease with what its job asks for."""
        job = self._rows.job(leased.job)
        return leased if job is None else replace(leased, gpu_memory=job.gpu_memory)

    def keep(self, leased: Leased) -> bool:
        """Let a lease live for one term more; one that ran out lives again where nobody else has
        the job."""
        lent = self.find(leased)
        if lent is None or not lent.is_newest:
            return False
        if lent.may_live_again:
            job = replace(lent.job, state=JobState.LEASED)
            lease = replace(lent.lease, state=LeaseState.HELD)
            self._hold(job, lease)
            return True
        if lent.lease.is_held:
            self._deadlines.extend(self._key(leased.job))
        return lent.lease.is_held

    def may_get(self, job: JobRow) -> bool:
        """Whether a new attempt of a due job is for this lane. One whose lease ran out here may
        have its result here, which the lane tells when it has been heard again."""
        newest = self._rows.lease(job.job, job.newest)
        if newest is None or newest.lane != self._lane:
            return True
        return newest.state is not LeaseState.EXPIRED

    def forget_others(self, holds: Collection[Leased]) -> None:
        """Of leases that ran out, the lane holds none but these."""
        expired = self._rows.leases_of(self._lane, LeaseState.EXPIRED)
        for lease in expired:
            if lease.leased not in holds:
                self._rows.add_lease(replace(lease, state=LeaseState.RETURNED))

    def give_back(self, lease: LeaseRow) -> None:
        """Let the job be due at once."""
        why = f"{lease.host} gave it back"
        lose(self._rows, self._deadlines, lease, LeaseState.RETURNED, why)

    def end_with_boot(self, lease: LeaseRow, boot: str) -> None:
        """End a lease that was given in an earlier boot of the host, unless its job has ended."""
        job = self._rows.job(lease.job)
        if job is None or job.state not in OPEN:
            return
        is_known = bool(boot and lease.boot)
        if is_known and lease.boot != boot:
            why = f"{lease.host} was started anew"
            lose(self._rows, self._deadlines, lease, LeaseState.DOWN, why)

    def drop(self, job: int | None = None) -> None:
        """Watch the term of a job's lease no more; without a job that of the lane."""
        key = self._own_key() if job is None else self._key(job)
        self._deadlines.drop(key)

    def why_over(self, lent: Lent) -> str | None:
        """Why an attempt counts no more; None while it does."""
        if not lent.is_newest:
            return self._newest_in_words(lent.job)
        if lent.job.state is JobState.CANCELLED:
            return f"job {lent.job.job} was cancelled"
        if lent.job.state is JobState.GIVEN_UP:
            return f"job {lent.job.job} was given up"
        return None

    def _hold(self, job: JobRow, lease: LeaseRow) -> None:
        self._rows.add_job(job)
        self._rows.add_lease(lease)
        self._deadlines.extend(self._key(job.job))
        self._rows.add_event(EventKind.LEASED, lease.leased, lease.host)

    def _newest_in_words(self, job: JobRow) -> str:
        newest = self._rows.lease(job.job, job.newest)
        if newest is None:
            return f"attempt {job.newest} of job {job.job} was begun elsewhere"
        does = "has finished" if newest.is_finished else "runs"
        return f"attempt {job.newest} {does} on {newest.host}"

    def _own_key(self) -> Key:
        return Key(self._rows.sweep, self._lane)

    def _key(self, job: int) -> Key:
        return Key(self._rows.sweep, job=job)
