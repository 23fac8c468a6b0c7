"""Which jobs of a sweep are due, and where each goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sweeptree.errors import RecordError
from sweeptree.model import Job, JobRecord, JobState, Resume
from sweeptree.model.record import recorded_cause
from sweeptree.records import read_record
from sweeptree.sweep import adoption
from sweeptree.sweep.life import Start
from sweeptree.sweep.owed import owed
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.running import Sweep


@dataclass(frozen=True, slots=True)
class Due:
    """A job that is to be run, taken over, or only to be delivered."""

    job: Job
    start: Start


def earlier_records(prepared: PreparedSweep) -> dict[int, JobRecord]:
    """The records that earlier runs have left; one that cannot be read is made anew."""
    found = {}
    for job in prepared.jobs:
        path = prepared.paths.record(job.index)
        if path.exists():
            with contextlib.suppress(RecordError):
                found[job.index] = read_record(path)
    return found


def due_jobs(sweep: Sweep, records: Mapping[int, JobRecord], resume: Resume) -> list[Due]:
    """The jobs that are due, in their order."""
    owing = () if resume.jobs else owed(sweep.prepared, records.values())
    found = []
    for job in sweep.prepared.jobs:
        start = _start(sweep, job, records.get(job.index), resume, owing)
        if start is not None:
            found.append(Due(job, start))
    return found


def _start(
    sweep: Sweep, job: Job, record: JobRecord | None, resume: Resume, owing: Collection[int]
) -> Start | None:
    if takes(resume, job.index, record):
        return _start_of_command(sweep, job.index, resume)
    if record is None or resume.jobs or resume.ends:
        return None
    if adoption.is_undelivered(sweep, record):
        return Start.CHANGES
    return Start.DELIVERY if job.index in owing else None


def _start_of_command(sweep: Sweep, index: int, resume: Resume) -> Start:
    """A job that has failed, which only its keeper could write down, runs again where jobs whose
    record says so do."""
    if index not in sweep.attempts_before:
        return Start.COMMAND
    left = adoption.left_outcome(sweep.job(index))
    if left is None or left.state is JobState.SUCCEEDED:
        return Start.COMMAND
    return Start.AGAIN if resume.takes(index, left.state, left.cause) else Start.COMMAND


def takes(resume: Resume, index: int, record: JobRecord | None) -> bool:
    """Whether the job's command is to run (again), or to be taken over where it still runs."""
    if record is None:
        return resume.takes(index, None)
    return resume.takes(index, record.state, recorded_cause(record.reason))
