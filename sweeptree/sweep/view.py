"""A sweep as it is now: its records' ledger, sweep.json and the flocks of its keepers.

Hides: how `running` in a record is told apart from waiting for a slot and from lost. Nothing is
written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeptree.analysis.stats import Objective, objective
from sweeptree.analysis.wording import WAITING as WAITING  # noqa: PLC0414
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
from sweeptree.records.read import runs_elsewhere, runs_on_cluster
from sweeptree.sweep.tails import last_notices
from sweeptree.system.locks import is_held
from sweeptree.system.room import Room

FOR_A_SLOT = "for a GPU slot"
FOR_ITS_SETUP = "for its worktree and set-up"
FOR_ITS_TURN = "for its turn"
FOR_ROOM = "for room on the disk"
FINAL = frozenset(state.value for state in JobState if state.is_final)


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as it is now: `state` is a JobState value, or `waiting`, with what for in `note`.

    `host` is "" where the sweep runs on one machine.
    """

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
    host: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    diverged: tuple[str, ...] = ()
    alive: bool = False

    @property
    def final(self) -> bool:
        """True once the job has ended, however."""
        return self.state in FINAL

    @property
    def is_over(self) -> bool:
        """True once nothing is left to do for the job."""
        return self.final and self.state not in (JobState.LOST, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class SweepView:
    """A whole sweep.

    `state` is running, detached (jobs live, nobody drives), stopped or finished.
    """

    paths: SweepPaths
    document: Mapping[str, Any]
    jobs: tuple[JobView, ...]
    driver: Mapping[str, Any] | None
    goal: Objective | None
    lack: str | None = None  # what the disk lacks, so that no job starts
    notices: tuple[Mapping[str, Any], ...] = ()  # while it runs: the last ones, as NoticeTail

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
        return "finished" if all(job.is_over for job in self.jobs) else "stopped"

    @property
    def best(self) -> float | None:
        """The best value of the sweep's metric among the jobs that succeeded."""
        if self.goal is None:
            return None
        better = min if self.goal.goal == "min" else max
        return better(self._values(self.goal.name), default=None)

    def _values(self, metric: str) -> list[float]:
        done = (job.metrics for job in self.jobs if job.state == JobState.SUCCEEDED)
        return [metrics[metric] for metrics in done if metric in metrics]

    @property
    def resumable(self) -> bool:
        """True when nobody drives the sweep and jobs are left to do."""
        return self.driver is None and self.state != "finished"


def view_sweep(paths: SweepPaths) -> SweepView:
    """Read a sweep. Missing or torn files are taken as absent: a view never fails."""
    document = _document(paths)
    driver = holder(paths)
    known = _known_jobs(paths, document, is_driven=driver is not None)
    lack = None if driver is None else _lack(document)
    jobs = tuple(_explained(job, paths, document, is_full=lack is not None) for job in known)
    waits_for_room = any(job.note == FOR_ROOM for job in jobs)
    return SweepView(
        paths=paths,
        document=document,
        jobs=jobs,
        driver=driver,
        goal=goal_of(document),
        lack=lack if waits_for_room else None,
        notices=() if driver is None else last_notices(paths),
    )


def _known_jobs(
    paths: SweepPaths, document: Mapping[str, Any], *, is_driven: bool
) -> Iterator[JobView]:
    """Every job that the plan or the ledger names, in order."""
    planned = _planned_jobs(document)
    place = _placing(paths, document, is_driven=is_driven)
    ledger = read_ledger(paths) or _from_records(paths)
    for index in sorted(planned.keys() | ledger.keys()):
        plan, entry = planned.get(index, {}), ledger.get(index, {})
        now = _now(paths, index, entry, is_driven=is_driven)
        job = _job(index, plan, entry, now)
        yield place(job, entry)


def _placing(
    paths: SweepPaths, document: Mapping[str, Any], *, is_driven: bool
) -> Callable[[JobView, Mapping[str, Any]], JobView]:
    """What says where a job is, by its entry of the ledger."""
    if not runs_elsewhere(document):
        return lambda job, _: job
    if runs_on_cluster(document):
        return lambda job, entry: _on_node(job, entry, paths)
    return lambda job, entry: _on_host(job, entry, is_driven=is_driven)


def _on_node(job: JobView, entry: Mapping[str, Any], paths: SweepPaths) -> JobView:
    """A job of a sweep on a cluster: its keeper is on a node, and keeps its lock here."""
    if job.state != WAITING:
        return replace(job, host=str(entry.get("host") or ""))
    if not job.alive:
        return job
    from sweeptree.supervise import keeper_host

    node = keeper_host(paths.attempt(job.index, job.attempt, "alive"))
    return replace(job, host=node or "", note=FOR_ITS_SETUP)


def _on_host(job: JobView, entry: Mapping[str, Any], *, is_driven: bool) -> JobView:
    """A job of a sweep over hosts: its keeper is not here, and outlives the driver."""
    job = replace(job, host=str(entry.get("host") or ""))
    runs_there = entry.get("state") == JobState.RUNNING
    if not runs_there or job.state not in (JobState.RUNNING, JobState.LOST):
        return job
    return replace(
        job,
        state=JobState.RUNNING,
        note="" if is_driven else f"goes on on {job.host}; nobody follows it",
        seconds=age(entry.get("start_time")),
        alive=is_driven,
    )


def _planned_jobs(document: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    listed = document.get("jobs")
    jobs = [job for job in listed if isinstance(job, dict)] if isinstance(listed, list) else []
    return {job["id"]: job for job in jobs if type(job.get("id")) is int}


def _lack(document: Mapping[str, Any]) -> str | None:
    """What the disk lacks, of what the sweep's driver asks of it."""
    room = _room(document)
    return None if room is None else room.lacking()


def _room(document: Mapping[str, Any]) -> Room | None:
    """Where the sweep looks for room, as its driver wrote it down."""
    match document.get("room"):
        case {"places": [*places], "least": int(least)} if _are_texts(places):
            return Room(tuple(map(Path, places)), least)
    return None


def _are_texts(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _explained(
    job: JobView, paths: SweepPaths, document: Mapping[str, Any], *, is_full: bool
) -> JobView:
    """The job, with what is in its way: a full disk, or others that have its GPU."""
    if is_full and job.note == FOR_ITS_TURN:
        return replace(job, note=FOR_ROOM)
    folder = document.get("slot_dir")
    if job.note != FOR_A_SLOT or not isinstance(folder, str):
        return job
    why = _why_it_waits(folder, paths.launch_name(job.index, job.attempt))
    return replace(job, note=f"{FOR_A_SLOT} ({why})") if why else job


def _why_it_waits(slot_dir: str, owner: str) -> str:
    """What the job's keeper says of the GPU that it waits for."""
    from sweeptree.gpus.slots import waiters

    for waiter in waiters(slot_dir):
        if waiter.owner == owner:
            return waiter.why
    return ""


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
        if record.state is None and record.exit_code is not None:  # a legacy record
            entry["state"] = JobState.FAILED if record.exit_code else JobState.SUCCEEDED
        found[index] = entry
    return found


@dataclass(frozen=True, slots=True)
class _Now:
    """How a job is now, as its record and its keeper together say."""

    state: str
    note: str
    attempt: int
    is_alive: bool = False


def _now(paths: SweepPaths, index: int, entry: Mapping[str, Any], *, is_driven: bool) -> _Now:
    state = str(entry.get("state") or JobState.PLANNED)
    attempt = int(entry.get("attempt") or 1)
    if state == JobState.RUNNING:
        return _running(paths, index, attempt, is_driven=is_driven)
    if state != JobState.PLANNED:
        return _Now(state, str(entry.get("reason") or ""), attempt)
    living = _living_attempt(paths, index, attempt) if entry else None
    if living is not None:
        return _Now(WAITING, FOR_A_SLOT, living, is_alive=True)
    return _not_begun(attempt, is_driven=is_driven)


def _not_begun(attempt: int, *, is_driven: bool) -> _Now:
    return _Now(WAITING, FOR_ITS_TURN if is_driven else "not started", attempt)


def _running(paths: SweepPaths, index: int, attempt: int, *, is_driven: bool) -> _Now:
    """How a job is whose record says running."""
    from sweeptree.supervise import read_outcome

    alive = paths.attempt(index, attempt, "alive")
    if is_held(alive):
        return _Now(JobState.RUNNING, keeper_note(alive), attempt, is_alive=True)
    outcome = read_outcome(paths.attempt(index, attempt, "outcome"))
    if outcome is not None:
        note = f"{outcome.reason or ''} (not yet in the record)".strip()
        return _Now(outcome.state, note, attempt)
    if is_driven and not alive.exists():
        return _Now(JobState.RUNNING, "starting", attempt)
    return _Now(JobState.LOST, "its keeper is gone without an outcome", attempt)


def keeper_note(alive: Path) -> str:
    """What is wrong with the keeper behind this file; '' when nothing is."""
    from sweeptree.supervise import stopped_keeper

    pid = stopped_keeper(alive)
    if pid is None:
        return ""
    return f"its keeper is stopped: kill -CONT {pid}"


def _living_attempt(paths: SweepPaths, index: int, begun: int) -> int | None:
    """The attempt whose keeper lives although the record says planned: it waits for a slot.

    The ledger counts the attempts that have begun; the one that waits may be the next.
    """
    for attempt in (begun, begun + 1):
        if is_held(paths.attempt(index, attempt, "alive")):
            return attempt
    return None


def _job(index: int, plan: Mapping[str, Any], entry: Mapping[str, Any], now: _Now) -> JobView:
    seed = entry.get("seed")
    return JobView(
        index=index,
        state=now.state,
        config=str(entry.get("config_id") or plan.get("config_id") or ""),
        seed=plan.get("seed") if seed is None else seed,
        attempt=now.attempt,
        note=now.note,
        start_time=entry.get("start_time") or None,
        seconds=_seconds(entry, is_alive=now.is_alive),
        exit_code=entry.get("exit_code"),
        gpus=tuple(entry.get("gpus") or ()),
        metrics=entry.get("metrics") or {},
        diverged=tuple(entry.get("diverged") or ()),
        alive=now.is_alive,
    )


def _seconds(entry: Mapping[str, Any], *, is_alive: bool) -> float | None:
    """How long the job took, or has run until now."""
    seconds: float | None = entry.get("duration_seconds")
    if seconds is None and is_alive:
        return age(entry.get("start_time"))
    return seconds


def age(start: str | None) -> float | None:
    """Seconds since an ISO 8601 time in UTC; None when there is none."""
    if not start:
        return None
    try:
        then = datetime.fromisoformat(start)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return (datetime.now(UTC) - then).total_seconds()


def resume_line(view: SweepView) -> str:
    """The command that goes on with a sweep."""
    return f"sweeptree resume {view.name}"
