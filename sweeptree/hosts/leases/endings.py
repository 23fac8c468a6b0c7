"""How a lease ends without a result, and what becomes of its job then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sweeptree.hosts.leases.deadlines import Deadlines, Key
from sweeptree.hosts.leases.rows import (
    JobRow,
    JobState,
    LaneRow,
    LaneState,
    LeaseRow,
    LeaseState,
    SweepRows,
)
from sweeptree.hosts.values import EventKind, Leased

MOST_HOSTS_DOWN = 2  # a job that took down so many hosts is not started again


def lose(
    rows: SweepRows, deadlines: Deadlines, lease: LeaseRow, state: LeaseState, why: str
) -> None:
    """End a lease without a result; its job is due again, unless another attempt has begun."""
    rows.add_lease(replace(lease, state=state))
    job = rows.job(lease.job)
    if job is None:
        return
    if job.newest == lease.attempt and job.state is JobState.LEASED:
        deadlines.drop(Key(rows.sweep, None, lease.job))
        _free(rows, job, lease, why)
    else:
        give_up_if_due(rows, job)


def expire(rows: SweepRows, deadlines: Deadlines, job: int, ttl: float) -> None:
    """End the lease of a job whose lane has not named it for a whole term."""
    found = rows.job(job)
    lease = rows.lease(job, found.newest) if found is not None else None
    if lease is None or lease.state is not LeaseState.HELD:
        return
    lane = rows.lane(lease.lane)
    is_heard = lane is not None and lane.state is LaneState.UP
    silent = f"{lease.host} was not heard for {ttl:g} s"
    why = f"{lease.host} does not run it any more" if is_heard else silent
    lose(rows, deadlines, lease, LeaseState.EXPIRED, why)


def lose_lane(rows: SweepRows, lane: str) -> None:
    """Note that a lane is not heard any more."""
    found = rows.lane(lane)
    if found is not None and found.state is LaneState.UP:
        rows.add_lane(replace(found, state=LaneState.LOST))
        rows.add_event(EventKind.LANE_LOST, host=found.lane.host)


def give_up_if_due(rows: SweepRows, job: JobRow) -> bool:
    """End a due job that took down too many hosts."""
    hosts = rows.hosts_down(job.job)
    if len(hosts) < MOST_HOSTS_DOWN or job.state is not JobState.DUE:
        return False
    rows.add_job(replace(job, state=JobState.GIVEN_UP))
    why = f"it took down {' and '.join(hosts)}: each was started anew while it ran the job"
    about = Leased(job.job, job.newest)
    rows.add_event(EventKind.GIVEN_UP, about, payload={"why": why, "hosts": hosts})
    return True


def cancel_due(rows: SweepRows, job: JobRow, host: str | None = None) -> None:
    """End a job that nobody runs, because the driver wants it no more."""
    rows.add_job(replace(job, state=JobState.CANCELLED, cancelled=False))
    rows.add_event(EventKind.CANCELLED, Leased(job.job, job.newest), host)


def tell_unplaceable(rows: SweepRows) -> None:
    """Tell of the due jobs that no lane can ever take, once all expected lanes have joined."""
    sweep = rows.row()
    lanes = rows.lanes()
    if sweep is None or len(lanes) < sweep.lanes:
        return
    usable = [each for each in lanes if each.state is not LaneState.LEFT]
    for job in list(rows.jobs(JobState.DUE)):
        if not job.unplaceable and not _fits_any(job, usable):
            rows.add_job(replace(job, unplaceable=True))
            why = _needs_in_words(job) if usable else "every lane has left"
            rows.add_event(EventKind.UNPLACEABLE, Leased(job.job, 0), payload={"why": why})


def _free(rows: SweepRows, job: JobRow, lease: LeaseRow, why: str) -> None:
    due = replace(job, state=JobState.DUE)
    if job.cancelled:
        cancel_due(rows, due, lease.host)
        return
    rows.add_job(due)
    rows.add_event(EventKind.DUE_AGAIN, lease.leased, lease.host, {"why": why})
    give_up_if_due(rows, due)


def _fits_any(job: JobRow, lanes: Iterable[LaneRow]) -> bool:
    return any(each.lane.has(job.gpus, job.gpu_memory) for each in lanes)


def _needs_in_words(job: JobRow) -> str:
    memory = f" with {job.gpu_memory} MiB each" if job.gpu_memory else ""
    return f"no host of the sweep has {job.gpus} GPU{'s' * (job.gpus != 1)}{memory}"
