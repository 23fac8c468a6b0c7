"""A sweep as it stands: its records' ledger, sweep.json and the flocks of its keepers, read and
judged.

Hides: how `running` in a record is told apart from waiting for a slot and from lost. Nothing is
written.
"""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeptree.analysis.stats import Objective, objective
from sweeptree.analysis.wording import WAITING as WAITING  # noqa: PLC0414 - the command line's modules take both from here
from sweeptree.analysis.wording import word as word  # noqa: PLC0414
from sweeptree.errors import RecordError
from sweeptree.model import JobState
from sweeptree.records import (
    SweepPaths,
    holder,
    read_ledger,
    read_record,
    read_sweep,
    record_indices,
)
from sweeptree.system.locks import is_held
from sweeptree.system.room import Room

FOR_A_SLOT = "for a GPU slot"
FOR_ITS_TURN = "for its turn"
FOR_ROOM = "for room on the disk"
FINAL = frozenset(state.value for state in JobState if state.is_final)
_TAIL_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as it stands. `state` is a JobState value, or `waiting`, with what for in `note`."""

    index: int
    state: str
    config: str = ""
    seed: int | None = None
    attempt: int = 1
    note: str = ""
    start_time: str | None = None
    seconds: float | None = None
    exit_code: int | None = None
    gpus: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    alive: bool = False

    @property
    def final(self) -> bool:
        """True once the job has ended, however."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class SweepView:
    """A whole sweep: `state` is running, detached (jobs live, nobody drives), stopped or finished."""

    paths: SweepPaths
    document: Mapping[str, Any]
    jobs: tuple[JobView, ...]
    driver: Mapping[str, Any] | None
    goal: Objective | None
    lack: str | None = None  # what the disk lacks, so that no job starts

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.paths.root.name

    @property
    def counts(self) -> Counter[str]:
        """Jobs per state."""
        return Counter(job.state for job in self.jobs)

    @property
    def state(self) -> str:
        """One word for the whole sweep."""
        if self.driver is not None:
            return "running"
        if any(job.alive for job in self.jobs):
            return "detached"
        over = (
            job.final and job.state not in (JobState.LOST, JobState.CANCELLED) for job in self.jobs
        )
        return "finished" if all(over) else "stopped"

    @property
    def best(self) -> float | None:
        """The best value of the sweep's metric among the jobs that succeeded."""
        if self.goal is None:
            return None
        name = self.goal.name
        done = (job.metrics for job in self.jobs if job.state == JobState.SUCCEEDED)
        found = [metrics[name] for metrics in done if name in metrics]
        return (min if self.goal.goal == "min" else max)(found, default=None)

    @property
    def resumable(self) -> bool:
        """True when nobody drives the sweep and jobs are left to do."""
        return self.driver is None and self.state != "finished"


def view_sweep(paths: SweepPaths) -> SweepView:
    """Read a sweep. Missing or torn files are taken as absent: a view never fails."""
    document = _document(paths)
    driver = holder(paths)
    ledger = read_ledger(paths) or _from_records(paths)
    planned = {
        job["id"]: job for job in document.get("jobs", ()) if isinstance(job, dict) and "id" in job
    }
    known = (
        _job(paths, index, planned.get(index, {}), ledger.get(index, {}), driver is not None)
        for index in sorted(planned.keys() | ledger.keys())
    )
    room = _room(document)
    lack = room.lacking() if driver is not None and room is not None else None
    jobs = tuple(_explained(job, paths, document, full=lack is not None) for job in known)
    lack = lack if any(job.note == FOR_ROOM for job in jobs) else None
    return SweepView(paths, document, jobs, driver, goal_of(document), lack)


def _room(document: Mapping[str, Any]) -> Room | None:
    """Where the sweep looks for room, as its driver wrote it down."""
    match document.get("room"):
        case {"places": [*places], "least": int(least)} if all(
            isinstance(place, str) for place in places
        ):
            return Room(tuple(map(Path, places)), least)
    return None


def _explained(
    job: JobView, paths: SweepPaths, document: Mapping[str, Any], *, full: bool
) -> JobView:
    """The job, with what is in its way: a full disk, or of the GPU that it waits for, where its
    keeper says so."""
    if full and job.note == FOR_ITS_TURN:
        return replace(job, note=FOR_ROOM)
    folder = document.get("slot_dir")
    if job.note != FOR_A_SLOT or not isinstance(folder, str):
        return job
    from sweeptree.gpus.slots import waiters

    owner = paths.launch_name(job.index, job.attempt)
    why = next((waiter.why for waiter in waiters(folder) if waiter.owner == owner), "")
    return replace(job, note=f"{FOR_A_SLOT} ({why})") if why else job


def goal_of(document: Mapping[str, Any]) -> Objective | None:
    """The metric that the sweep's spec names, and which way is better."""
    spec = document.get("spec")
    text = spec.get("metric") if isinstance(spec, dict) else None
    return objective(text) if isinstance(text, str) and text else None


def _document(paths: SweepPaths) -> dict[str, Any]:
    try:
        return read_sweep(paths)
    except RecordError:
        return {}


def _from_records(paths: SweepPaths) -> dict[int, dict[str, Any]]:
    """The ledger's content from the records themselves, for a sweep that has none."""
    found: dict[int, dict[str, Any]] = {}
    for index in record_indices(paths):
        try:
            record = read_record(paths.record(index))
        except RecordError:
            continue
        entry = record.model_dump(mode="json")
        entry["attempt"] = max((attempt.number for attempt in record.attempts), default=1)
        if record.state is None and record.exit_code is not None:
            entry["state"] = JobState.FAILED if record.exit_code else JobState.SUCCEEDED
        found[index] = entry
    return found


def _job(
    paths: SweepPaths, index: int, plan: Mapping[str, Any], entry: Mapping[str, Any], driven: bool
) -> JobView:
    state, note, alive = str(entry.get("state") or JobState.PLANNED), "", False
    attempt = int(entry.get("attempt") or 1)
    if state == JobState.RUNNING:
        state, note, alive = _judge(paths, index, attempt, driven)
    elif state == JobState.PLANNED:
        living = _living_attempt(paths, index, attempt) if entry else None
        alive, attempt = living is not None, living or attempt
        state, note = WAITING, FOR_A_SLOT if alive else FOR_ITS_TURN if driven else "not started"
    else:
        note = str(entry.get("reason") or "")
    start = entry.get("start_time")
    seconds = entry.get("duration_seconds")
    return JobView(
        index=index,
        state=state,
        config=str(entry.get("config_id") or plan.get("config_id") or ""),
        seed=entry["seed"] if entry.get("seed") is not None else plan.get("seed"),
        attempt=attempt,
        note=note,
        start_time=start or None,
        seconds=seconds if seconds is not None or not alive else age(start),
        exit_code=entry.get("exit_code"),
        gpus=tuple(entry.get("gpus") or ()),
        metrics=entry.get("metrics") or {},
        alive=alive,
    )


def _judge(paths: SweepPaths, index: int, attempt: int, driven: bool) -> tuple[str, str, bool]:
    """State, note and liveness of a job whose record says running."""
    from sweeptree.supervise import read_outcome

    alive = paths.attempt(index, attempt, "alive")
    if is_held(alive):
        return JobState.RUNNING, "", True
    outcome = read_outcome(paths.attempt(index, attempt, "outcome"))
    if outcome is not None:
        return outcome.state, f"{outcome.reason or ''} (not yet in the record)".strip(), False
    if driven and not alive.exists():
        return JobState.RUNNING, "starting", False
    return JobState.LOST, "its keeper is gone without an outcome", False


def _living_attempt(paths: SweepPaths, index: int, begun: int) -> int | None:
    """The attempt whose keeper lives although the record says planned: it waits for a slot.

    The ledger counts the attempts that have begun; the one that waits may be the next.
    """
    return next((n for n in (begun, begun + 1) if is_held(paths.attempt(index, n, "alive"))), None)


def age(start: str | None) -> float | None:
    """Seconds since an ISO 8601 time in UTC; None when there is none."""
    if not start:
        return None
    try:
        then = datetime.fromisoformat(start)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (datetime.now(UTC) - then).total_seconds()


def resume_line(view: SweepView) -> str:
    """The command that goes on with a sweep."""
    return f"sweeptree resume {view.name}"


class LedgerTail:
    """Reads what has been appended to a sweep's ledger since the last call, whole lines only."""

    def __init__(self, paths: SweepPaths) -> None:
        self._path = paths.ledger
        self._offset = 0
        self._rest = b""

    def read(self) -> list[dict[str, Any]]:
        """The new entries, at most a few thousand at a time; none when the ledger does not exist
        yet."""
        data = read_from(self._path, self._offset, _TAIL_CHUNK)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [entry for line in lines if (entry := _entry(line)) is not None]


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("id"), int) else None


def read_from(path: Path, offset: int, limit: int) -> bytes:
    """At most `limit` bytes of a regular file from `offset` on; nothing when it is missing, a link
    or a device."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.pread(file, limit, offset) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)


def read_tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a regular file, as `read_from`."""
    try:
        size = path.lstat().st_size
    except OSError:
        return b""
    return read_from(path, max(0, size - limit), limit)
