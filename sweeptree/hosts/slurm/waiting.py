"""Waits for one job's task: through all attempts that Slurm makes of it, to an end that stands in
the record.

Hides the race between the queue, which says that a task is over, and a shared file system, which
shows its outcome a little later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from sweeptree.hosts.slurm.arrays import Task
from sweeptree.hosts.slurm.endings import Ending, Traces, without_outcome
from sweeptree.hosts.slurm.queue import Queue
from sweeptree.model import Attempt, JobState
from sweeptree.sweep import attempts
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.running import JobContext

PAUSE = 0.2
_NO_WORD = "its node died, or Slurm took the job from it; Slurm has started it again"
LATE = 5.0  # seconds that a file written on a node may take to be seen here


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt that was the last one, and how it ended; None: the sweep was to stop before the
    task began."""

    so_far: SoFar
    ending: Ending | None


def await_end(job: JobContext, so_far: SoFar, task: Task, queue: Queue) -> Ended:
    """Wait for it. Attempts that were not the last one are recorded on the way."""
    traces = Traces(job.paths, job.index)
    noted: set[tuple[int, str]] = set()
    while True:
        number = so_far.attempt
        ending = traces.ending(number)
        if ending is not None and not ending.goes_on:
            return Ended(so_far, ending)
        later = traces.next_begun(number)
        if ending is not None or later is not None:
            so_far = _on_next(job, so_far, ending, later)
            continue
        _note_start(job, so_far, traces, noted)
        if _is_over(queue, task, traces, number):
            return _end_of(job, so_far, task, queue)
        time.sleep(PAUSE)


def _on_next(job: JobContext, so_far: SoFar, ending: Ending | None, later: int | None) -> SoFar:
    """Record an attempt that Slurm has followed up by another one, or will."""
    number = so_far.attempt
    attempt = _as_it_began(job, number)
    told: dict[str, object]
    if ending is None:
        told = {"state": JobState.LOST, "reason": _NO_WORD}
    else:
        outcome = ending.outcome
        told = {"state": outcome.state, "reason": outcome.reason, "end_time": outcome.end_time}
    attempt = attempt.model_copy(update=told)
    job.store.update(
        job.index,
        state=JobState.PLANNED,
        reason=attempt.reason,
        attempts=attempts.with_attempt(job, attempt),
    )
    return replace(so_far, attempt=later or number + 1)


def _as_it_began(job: JobContext, number: int) -> Attempt:
    for attempt in job.record.attempts:
        if attempt.number == number:
            return attempt
    return Attempt(number=number, state=JobState.RUNNING)


def _note_start(
    job: JobContext, so_far: SoFar, traces: Traces, noted: set[tuple[int, str]]
) -> None:
    """The record names the node once there is one, and says `running` once the command runs."""
    number = so_far.attempt
    started = traces.file(number, "started")
    if (number, "started") in noted:
        return
    if started.exists():
        noted.add((number, "started"))
        attempts.note_start(job, so_far, started)
    elif (number, "node") not in noted and (node := traces.node(number)):
        noted.add((number, "node"))
        begun = Attempt(number=number, state=JobState.PLANNED)
        told = attempts.with_attempt(job, begun)
        job.store.update(job.index, host=node, attempts=told)


def _is_over(queue: Queue, task: Task, traces: Traces, number: int) -> bool:
    """Whether the task is over by the queue, no keeper lives, and no outcome came for a while."""
    if not _says_over(queue, task, 0) or traces.is_alive(number):
        return False

    looks = queue.looks
    deadline = time.monotonic() + LATE
    while time.monotonic() < deadline or queue.look(task.name, looks) is None:
        if _has_news(traces, number):
            return False
        time.sleep(PAUSE)
    return _says_over(queue, task, looks) and not traces.is_alive(number)


def _has_news(traces: Traces, number: int) -> bool:
    return traces.ending(number) is not None or traces.next_begun(number) is not None


def _says_over(queue: Queue, task: Task, since: int) -> bool:
    state = queue.look(task.name, since)
    return state is not None and state.is_over


def _end_of(job: JobContext, so_far: SoFar, task: Task, queue: Queue) -> Ended:
    traces = Traces(job.paths, job.index)
    number = so_far.attempt
    words = traces.ending(number) or traces.last_words(number)
    if words is not None:
        return Ended(so_far, words)
    if not traces.has_begun(number) and job.sweep.stop.stopping.is_set():
        return Ended(so_far, None)
    state = queue.look(task.name)
    assert state is not None
    return Ended(so_far, without_outcome(traces, number, task, state))
