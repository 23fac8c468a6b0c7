"""How the jobs of a sweep spread over its lanes: how many one gets ahead, and which it gives back.

A job that waits behind others is wanted wherever a slot is free.
"""

from __future__ import annotations

from dataclasses import dataclass

from sweeptree.hosts.leases.rows import JobRow, JobState, LeaseRow, LeaseState, SweepRows
from sweeptree.hosts.values import Lane


@dataclass(slots=True)
class _Free:
    """A lane, and how many of its slots are free."""

    lane: Lane
    slots: int


class Balance:
    """One lane of a sweep among the others."""

    def __init__(self, rows: SweepRows, lane: str) -> None:
        self._rows = rows
        self._lane = lane

    def ahead(self, free: int, wanted: int) -> int:
        """How many to give ahead to a lane with so many free slots: none that a free slot
        elsewhere could begin now, nor before all lanes of the sweep have joined."""
        if not wanted or not self._all_have_joined():
            return 0
        due = self._rows.count(JobState.DUE)
        elsewhere = sum(each.slots for each in self._free_elsewhere())
        return max(min(wanted, due - free - elsewhere), 0)

    def recalled(self) -> tuple[int, ...]:
        """The jobs that the lane holds beyond its slots and that a free slot elsewhere could begin
        now; the last ones first."""
        surplus = self._surplus()
        free = self._free_elsewhere() if surplus else []
        if not free:
            return ()
        for job in self._rows.jobs(JobState.DUE):
            _take_slot(free, job)
        return tuple(job.job for job in surplus if _take_slot(free, job))

    def _all_have_joined(self) -> bool:
        sweep = self._rows.row()
        return sweep is not None and len(list(self._rows.lanes())) >= sweep.lanes

    def _surplus(self) -> list[JobRow]:
        """What has not begun, as far as it is more than the lane has slots."""
        found = self._rows.lane(self._lane)
        if found is None:
            return []
        held = self._held(found.lane)
        too_many = max(len(held) - found.lane.slots, 0)
        waiting = sorted((lease.job for lease in held if not lease.started), reverse=True)
        jobs = [self._rows.job(job) for job in waiting[:too_many]]
        return [job for job in jobs if job is not None]

    def _free_elsewhere(self) -> list[_Free]:
        up = [each.lane for each in self._rows.lanes() if each.is_up]
        others = [lane for lane in up if lane.id != self._lane]
        free = [_Free(lane, lane.slots - len(self._held(lane))) for lane in others]
        return [each for each in free if each.slots > 0]

    def _held(self, lane: Lane) -> list[LeaseRow]:
        return self._rows.leases_of(lane.id, LeaseState.HELD)


def _take_slot(free: list[_Free], job: JobRow) -> bool:
    """Whether one of the lanes could begin a job now; its slot is taken then."""
    for each in free:
        if each.slots > 0 and each.lane.has(job.gpus, job.gpu_memory):
            each.slots -= 1
            return True
    return False
