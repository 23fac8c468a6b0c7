"""What a crash can leave of a sweep that nobody drives: found, named, and mended without running
anything.

Hides: that a stale record is settled by the same code that takes over a job when a sweep goes on,
so that its metrics and files are kept too; and whose process an orphan is.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from sweeptree import supervise, worktrees
from sweeptree.errors import RecordError, UsageError
from sweeptree.model import JobState, SweepSpec
from sweeptree.records import (
    SweepPaths,
    SweepStore,
    lacking,
    last_attempts,
    read_record,
    read_sweep,
    record_indices,
)
from sweeptree.repository import Repository
from sweeptree.settings import Settings
from sweeptree.supervise import find_orphans
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.launches import SETUP
from sweeptree.sweep.results import Ran, SoFar
from sweeptree.sweep.resume import earlier_records
from sweeptree.sweep.running import JobContext, Sweep
from sweeptree.system import locks

_SUFFIXES = ("", SETUP, ".fix")  # of the files of a job's command, its setup and its fix


def spec_of(paths: SweepPaths) -> SweepSpec:
    """The spec as it was started, pinned to the commit that it ran at. Raises UsageError."""
    try:
        facts = read_sweep(paths)
        fields = {
            **facts["spec"],
            "base": facts["base"]["commit"],
            "dirty": "ignore",
            "results_dir": paths.root.parent,
        }
        return SweepSpec.model_validate(fields)
    except (RecordError, KeyError, TypeError, ValidationError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(
            f"{paths.root.name} cannot be resumed: its sweep.json cannot be used ({why})",
            hint="run it anew under another --exp_name",
        ) from error


def stale_jobs(paths: SweepPaths) -> list[int]:
    """The jobs that an attempt was begun of, whose record tells no end of it, and whose keeper is
    dead."""
    return [
        index for index, number in last_attempts(paths).items() if _is_stale(paths, index, number)
    ]


def _is_stale(paths: SweepPaths, index: int, number: int) -> bool:
    if _has_ended(paths, index, number):
        return False
    keepers = [paths.attempt(index, number, f"alive{suffix}") for suffix in _SUFFIXES]
    return not any(locks.is_held(keeper) for keeper in keepers)


def _has_ended(paths: SweepPaths, index: int, number: int) -> bool:
    try:
        record = read_record(paths.record(index))
    except RecordError:
        return False
    ended = [attempt.number for attempt in record.attempts if attempt.state.is_final]
    return number in ended


def settle(spec: SweepSpec, settings: Settings) -> list[str]:
    """Write the end of every stale job to its record, from its outcome or as lost; says so, one
    sentence each. Worktrees of jobs that have ended are given back.

    Nothing is started, so a full disk is no reason not to; what is left to deliver waits for
    `resume`. Raises SweeptreeError.
    """
    unlimited = spec.model_copy(update={"min_free": 0, "auto_fix_before_pr": False})
    with Sweep.open(unlimited, settings, resume=True) as sweep:
        stale = stale_jobs(sweep.paths)
        known = [job.index for job in sweep.prepared.jobs if job.index in stale]
        done = [_settle(sweep.job(index)) for index in known]
        adoption.give_back_finished(sweep, earlier_records(sweep.prepared).values())
        return done


def _settle(job: JobContext) -> str:
    so_far = adoption.on_last_attempt(job, SoFar())
    ran = adoption.adopt(job, so_far)
    state = JobState.LOST
    if isinstance(ran, Ran):
        state = ran.outcome.state
        _release(job, so_far.after_command(ran))
    return f"{job.spec.exp_name} job {job.index}: attempt {so_far.attempt} is {state}"


def _release(job: JobContext, so_far: SoFar) -> None:
    """The worktree goes back, unless `resume` has its changes to deliver."""
    if so_far.has_succeeded and job.spec.delivers:
        adoption.keep_for_delivery(job, so_far)
    else:
        stages.finish(job, so_far)


def idle_worktrees(paths: SweepPaths, repo: Repository) -> list[str]:
    """The registered worktrees of this sweep that no job of it can be in any more: a driver was
    killed before it could take them back. Those of unfinished jobs are `resume`'s to take over."""
    stale = set(stale_jobs(paths))
    found = worktrees.leftover_slots(repo, paths.root.name)
    return [name for name, job in found.items() if job is None or job not in stale]


def lagging(paths: SweepPaths, *, mend: bool) -> int:
    """How many records say what the ledger does not; `mend`: tell it.

    Raises Refused while somebody has the sweep.
    """
    records = []
    for index in record_indices(paths):
        with contextlib.suppress(RecordError):
            records.append(read_record(paths.record(index)))
    if not mend:
        return len(lacking(paths, records))
    with SweepStore.open(paths) as store:
        return store.mend_ledger(records)


def orphans(paths: SweepPaths) -> list[int]:
    """The living processes of jobs of this sweep whose keeper is dead."""
    return [pid for pid, _ in find_orphans(f"{paths.root.name}:", _keeper_lives(paths))]


def end_orphans(paths: SweepPaths) -> list[int]:
    """Kill them; the PIDs."""
    return supervise.sweep_orphans(f"{paths.root.name}:", _keeper_lives(paths))


def _keeper_lives(paths: SweepPaths) -> Callable[[str], bool]:
    """Tells whether the keeper of a launch lives; of launches of other sweeps that is none of our
    business: yes."""
    name = re.compile(rf".*:(\d+)\.(\d+)@{paths.mark}(\.\w+)?")

    def lives(launch: str) -> bool:
        match = name.fullmatch(launch)
        if match is None:
            return True
        return locks.is_held(paths.attempt(int(match[1]), int(match[2]), f"alive{match[3] or ''}"))

    return lives


def dead_tickets(slot_dir: Path, *, remove: bool) -> list[str]:
    """Tickets in the queue for GPU slots that nobody holds any more; `remove`: take them away."""
    queue = locks.open_existing(str(slot_dir / "queue"))
    if queue is None:
        return []
    try:
        names = sorted(path.name for path in (slot_dir / "queue").iterdir())
        dead = [name for name in names if _is_dead(queue, name)]
        for name in dead if remove else ():
            locks.remove(queue, name)
        return dead
    finally:
        os.close(queue)


def _is_dead(queue: int, name: str) -> bool:
    file = locks.open_note(queue, name)
    return file is not None and _free_and_close(file)


def _free_and_close(file: int) -> bool:
    try:
        return locks.lock(file)
    finally:
        os.close(file)
