"""How a lease ends without a result, and what becomes of its job then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sweeptree.hosts.leases.deadlines import Deadlines, Key
from sweeptree.hosts.leases.rows import (
    JobRow,
    JobState,
    LaneState,
    LeaseRow,
    LeaseState,
    SweepRows,
)
from sweeptree.hosts.values import EventKind, Lane, Leased

MOST_HOSTS_DOWN = 2  # a job that took down so many hosts is not started again


def lose(
    rows: SweepRows, deadlines: Deadlines, lease: LeaseRow, state: LeaseState, why: str
) -> None:
    """End a lease without a result; its job is due again, unless another attempt has begun."""
    ended = replace(lease, state=state)
    rows.add_lease(ended)
    job = rows.job(lease.job)
    if job is None:
        return
    if job.is_leased and job.latest == lease.leased:
        key = Key(rows.sweep, job=lease.job)
        deadlines.drop(key)
        _free(rows, job, lease, why)
    else:
        give_up_if_due(rows, job)


def expire(rows: SweepRows, deadlines: Deadlines, job: int, ttl: float) -> None:
    """End the lease of a job whose lane has not named it for a whole term; the lane itself may have
    died since, or have forgotten the job."""
    found = rows.job(job)
    if found is None:
        return
    lease = rows.lease(job, found.newest)
    if lease is None or not lease.is_held:
        return
    lane = rows.lane(lease.lane)
    why = f"{lease.host} was not heard for {ttl:g} s"
    if lane is not None and lane.is_up:
        why = f"{lease.host} said nothing of it for {ttl:g} s"
    lose(rows, deadlines, lease, LeaseState.EXPIRED, why)


def lose_lane(rows: SweepRows, lane: str) -> None:
    """Note that a lane is not heard any more."""
    found = rows.lane(lane)
    if found is None or not found.is_up:
        return
    lost = replace(found, state=LaneState.LOST)
    rows.add_lane(lost)
    rows.add_event(EventKind.LANE_LOST, host=lost.lane.host)


def give_up_if_due(rows: SweepRows, job: JobRow) -> None:
    """End a due job that took down too many hosts."""
    hosts = rows.hosts_down(job.job)
    if not job.is_due or len(hosts) < MOST_HOSTS_DOWN:
        return
    ended = replace(job, state=JobState.GIVEN_UP)
    rows.add_job(ended)
    named = " and ".join(hosts)
    why = f"it took down {named}: each was started anew while it ran the job"
    payload = {"why": why, "hosts": hosts}
    rows.add_event(EventKind.GIVEN_UP, job.latest, payload=payload)


def cancel_due(rows: SweepRows, job: JobRow, host: str | None = None) -> None:
    """End a job that nobody runs, because the driver wants it no more."""
    ended = replace(job, state=JobState.CANCELLED, cancelled=False)
    rows.add_job(ended)
    payload = {"unbegun": was_unbegun(rows, job)}
    rows.add_event(EventKind.CANCELLED, job.latest, host, payload)


def was_unbegun(rows: SweepRows, job: JobRow) -> bool:
    """Whether the lane that had the newest attempt of a job gave it back before it began."""
    lease = rows.lease(job.job, job.newest)
    if lease is None:
        return False
    return lease.state is LeaseState.RETURNED and not lease.started


def tell_unplaceable(rows: SweepRows) -> None:
    """Tell of the due jobs that no lane can ever take, once all expected lanes have joined."""
    sweep = rows.row()
    joined = rows.lanes()
    if sweep is None or len(joined) < sweep.lanes:
        return
    lanes = [each.lane for each in joined if not each.has_left]
    due = list(rows.jobs(JobState.DUE))
    for job in due:
        if not job.unplaceable and not _fits_any(job, lanes):
            _tell_unplaceable(rows, job, lanes)


def _tell_unplaceable(rows: SweepRows, job: JobRow, lanes: list[Lane]) -> None:
    told = replace(job, unplaceable=True)
    rows.add_job(told)
    why = _needs_in_words(job) if lanes else "every lane has left"
    about = Leased(job.job, 0)
    rows.add_event(EventKind.UNPLACEABLE, about, payload={"why": why})


def _free(rows: SweepRows, job: JobRow, lease: LeaseRow, why: str) -> None:
    due = replace(job, state=JobState.DUE)
    if job.cancelled:
        cancel_due(rows, due, lease.host)
        return
    rows.add_job(due)
    payload = {"why": why, "unbegun": was_unbegun(rows, due)}
    rows.add_event(EventKind.DUE_AGAIN, lease.leased, lease.host, payload)
    give_up_if_due(rows, due)


def _fits_any(job: JobRow, lanes: Iterable[Lane]) -> bool:
    needs = job.gpus, job.gpu_memory
    return any(lane.has(*needs) for lane in lanes)


def _needs_in_words(job: JobRow) -> str:
    noun = "GPU" if job.gpus == 1 else "GPUs"
    needs = f"{job.gpus} {noun}"
    if job.gpu_memory:
        needs += f" with {job.gpu_memory} MiB each"
    return f"no host of the sweep has {needs}"
