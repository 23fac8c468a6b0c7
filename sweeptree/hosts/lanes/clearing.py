"""Clears what a sweep's lane has left on its host, once all of it stands here, and the refs here.

Hides: which attempts are here, by what was written when they were brought; the host decides by it
whether something stands there alone, and keeps the lane then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.back.commits import QUARANTINE
from sweeptree.hosts.far.asking import Question, ask
from sweeptree.hosts.lanes.carrying import unbrought_file
from sweeptree.hosts.lanes.starting import folder_of
from sweeptree.hosts.remote import Site
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths, read_record
from sweeptree.repository import plumbing
from sweeptree.sweep.running import Sweep

_SECONDS = 60.0


def clear_lane(site: Site, sweep_id: str, sweep: Sweep) -> None:
    """Have a host clear the lane of a sweep that is over. What cannot be cleared stays there, and
    is no error: `sweeptree hosts check` names it."""
    records = records_here(sweep)
    if is_owed(records, site.host.name):
        return
    request = {
        "verb": "clear",
        "folder": folder_of(site, sweep_id),
        "brought": brought(sweep.paths, records),
        "artifacts": artifacts_on(records, site.host.name),
        "unbrought": unbrought_on(sweep.paths, site.host.name),
    }
    with contextlib.suppress(SweeptreeError):
        ask(site, Question("leavings", request), timeout=_SECONDS)


def records_here(sweep: Sweep) -> list[JobRecord]:
    """The records of all jobs that have one, as they stand on disk. Raises RecordError."""
    paths = [sweep.paths.record(job.index) for job in sweep.prepared.jobs]
    return [read_record(path) for path in paths if path.exists()]


def is_owed(records: Sequence[JobRecord], host: str) -> bool:
    """Whether a result of this host is still to be brought here: its record waits for an end."""
    return any(_is_open(record) for record in records if record.host == host)


def brought(paths: SweepPaths, records: Sequence[JobRecord]) -> dict[str, list[int]]:
    """For each job the attempts whose files are here: their end was written after that."""
    found = {}
    for record in records:
        numbers = [attempt.number for attempt in record.attempts if attempt.state.is_final]
        here = [each for each in numbers if paths.attempt(record.id, each, "outcome").exists()]
        if here:
            found[str(record.id)] = here
    return found


def artifacts_on(records: Sequence[JobRecord], host: str) -> int:
    """How many files were to stay on a host."""
    kept = [file for record in records for file in record.remote_artifacts]
    return sum(file.host == host for file in kept)


def unbrought_on(paths: SweepPaths, host: str) -> int:
    """How many files could not be brought from a host."""
    try:
        return len(unbrought_file(paths, host).read_text().splitlines())
    except FileNotFoundError:
        return 0


def _is_open(record: JobRecord) -> bool:
    return any(not attempt.state.is_final for attempt in record.attempts)


def drop_refs_here(sweep_id: str, sweep: Sweep) -> None:
    """Delete the refs of changes that came here, where the end of their attempt is recorded: a
    driver that died then had no time to do it. Raises GitError."""
    top, prefix = sweep.prepared.repo.start, f"{QUARANTINE}/{sweep_id}/"
    ended = {
        f"{prefix}{record.id}/{attempt.number}"
        for record in records_here(sweep)
        for attempt in record.attempts
        if attempt.state.is_final
    }
    for ref in plumbing.text(top, "for-each-ref", "--format=%(refname)", prefix).split():
        if ref in ended:
            plumbing.run(top, "update-ref", "-d", ref)
