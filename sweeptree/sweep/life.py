"""A job's life, from a clean worktree to its last record: the driver of its stages.

    take over → try until done → fix → deliver → finish

Each step is `(job, so far, means) -> so far`; only here does one result lead to the next. Whatever
a stage raises comes back as Trouble: before the command has ended it ends the job as failed, after
that it is written to the record and costs the exit code.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path

from sweeptree.analysis.aggregate import log_tail
from sweeptree.errors import HostError
from sweeptree.model import Attempt, JobRecord, JobState, StopCause
from sweeptree.sweep import adoption, attempts, auto_fix, job_delivery, retries, stages
from sweeptree.sweep.executor import Means
from sweeptree.sweep.launches import attempt_file
from sweeptree.sweep.results import Ended, Halt, RunStage, SoFar, Trouble, caught
from sweeptree.sweep.running import JobContext
from sweeptree.system.clock import utc_now
from sweeptree.system.lacks import is_passing


class Start(Enum):
    """Where a job's life goes on. COMMAND: at its beginning, or with the command that runs already;
    AGAIN: at its beginning, once the end that an earlier run could not record is recorded;
    CHANGES: after its command; DELIVERY: with what its delivery lacks."""

    COMMAND = auto()
    AGAIN = auto()
    CHANGES = auto()
    DELIVERY = auto()


Step = Callable[[JobContext, SoFar, Means], SoFar | Halt]


def run_job(job: JobContext, start: Start, means: Means) -> Ended:
    """One job through its life; never raises: what went wrong stands in the record."""
    came = _walk(job, start, means)
    ended = give_up(job, came) if isinstance(came, Halt) else _end(job, came)
    _stop_where_due(job, ended.record)
    job.turn.leave()
    return ended


def _stop_where_due(job: JobContext, record: JobRecord) -> None:
    """Start nothing more after a failure that the spec says is enough."""
    if record.state is JobState.PLANNED:
        return
    if job.spec.on_fail == "stop" and record.state is not JobState.SUCCEEDED:
        job.sweep.stop.start_no_more()
    first = job.sweep.first_failures
    if first.is_undecided and first.add(record, log_tail(job.paths, record)):
        job.sweep.stop.start_no_more(StopCause.FAILED_ALIKE)


def _walk(job: JobContext, start: Start, means: Means) -> SoFar | Halt:
    so_far = _begin(job, start)
    for step in _LIVES[start]:
        came = _one_step(step, job, so_far, means)
        if isinstance(came, Halt):
            return came
        so_far = came
    return so_far


def _begin(job: JobContext, start: Start) -> SoFar:
    so_far = _at_the_beginning(job)
    has_ended = start in (Start.CHANGES, Start.DELIVERY)
    return adoption.on_last_attempt(job, so_far) if has_ended else so_far


def _at_the_beginning(job: JobContext) -> SoFar:
    return SoFar(gpu_memory=job.spec.gpu_mem or 0)


def _one_step(step: Step, job: JobContext, so_far: SoFar, means: Means) -> SoFar | Halt:
    came = caught("record", lambda: step(job, so_far, means))
    return Halt(so_far, came) if isinstance(came, Trouble) else came


def _take_over(job: JobContext, so_far: SoFar, means: Means) -> SoFar | Halt:
    """An attempt that an earlier run started: waited for, not started again."""
    if not adoption.is_unfinished(job):
        return so_far
    return means.executor.take_over(job, so_far, means.run)


def _record_the_end(job: JobContext, so_far: SoFar, means: Means) -> SoFar | Halt:
    """An attempt that has ended, which an earlier run could not write down: recorded, so that the
    job can begin anew."""
    taken = _take_over(job, so_far, means)
    if isinstance(taken, Halt):
        return taken
    finished = caught("finish", lambda: stages.finish(job, taken))
    if isinstance(finished, Trouble):
        return Halt(taken, finished)
    return _at_the_beginning(job)


def _try_until_done(job: JobContext, so_far: SoFar, means: Means) -> SoFar | Halt:
    came: SoFar | Halt = so_far
    while isinstance(came, SoFar) and _has_tries_left(job, came) and job.sweep.await_room():
        came = means.executor.try_once(job, came, means.run)
    return came


def _has_tries_left(job: JobContext, so_far: SoFar) -> bool:
    return retries.has_tries_left(so_far, job.spec.retries)


def _take_up(job: JobContext, so_far: SoFar, means: Means) -> SoFar:  # noqa: ARG001 - a step
    return adoption.take_up(job, so_far)


def _fix_and_deliver(job: JobContext, so_far: SoFar, means: Means) -> SoFar:
    """The stages after a successful command, where they were asked for."""
    if not so_far.has_succeeded:
        return so_far
    trouble = _fix(job, so_far, means.run) if job.spec.auto_fix_before_pr else None
    if not job.spec.delivers:
        return so_far
    if trouble is not None:  # what was not fixed is not handed over
        return _undelivered(job, so_far, replace(trouble, step="commit"))
    return _deliver(job, so_far, means.run)


def _fix(job: JobContext, so_far: SoFar, run: RunStage) -> Trouble | None:
    fixed = run(stages.AUTO_FIX, job, so_far)
    if not isinstance(fixed, Trouble):
        return None
    auto_fix.record_no_fix(job, fixed.reason)
    job_delivery.note(job, _note(fixed))
    return fixed


def _deliver(job: JobContext, so_far: SoFar, run: RunStage) -> SoFar:
    """Branch, pull request, labels and reviewers; what fails costs the exit code and is finished by
    `resume`."""
    done = run(stages.COMMIT_AND_PR, job, so_far)
    if isinstance(done, Trouble):
        return _undelivered(job, so_far, done)
    so_far = so_far.after_delivery(done)
    if done.branch is None or not job.spec.wants_review:
        return so_far
    reviewed = run(stages.LABEL_AND_REVIEW, job, so_far)
    if isinstance(reviewed, Trouble):
        return _undelivered(job, so_far, reviewed)
    return so_far


def _deliver_again(job: JobContext, so_far: SoFar, means: Means) -> SoFar:
    """A job whose delivery failed in an earlier run: only that is done."""
    found = caught("commit", lambda: adoption.take_up_owed(job, so_far))
    if isinstance(found, Trouble):
        return _undelivered(job, so_far, found)
    return _deliver(job, found, means.run)


def _undelivered(job: JobContext, so_far: SoFar, trouble: Trouble) -> SoFar:
    job_delivery.record_failure(job, trouble)
    return so_far.owing_delivery()


_LIVES: dict[Start, tuple[Step, ...]] = {
    Start.COMMAND: (_take_over, _try_until_done, _fix_and_deliver),
    Start.AGAIN: (_record_the_end, _try_until_done, _fix_and_deliver),
    Start.CHANGES: (_take_up, _try_until_done, _fix_and_deliver),
    Start.DELIVERY: (_deliver_again,),
}


def _end(job: JobContext, so_far: SoFar) -> Ended:
    finished = caught("finish", lambda: stages.finish(job, so_far))
    if isinstance(finished, Trouble):
        return give_up(job, Halt(so_far, finished))
    return Ended(finished)


def give_up(job: JobContext, halt: Halt) -> Ended:
    """Trouble of ours ended the job: the record says so, and the worktree is kept for a look.

    How the command itself ended stays as it was recorded. Where it could not be recorded for want
    of room, of file handles, of processes or of a host, the attempt stays open on disk, so that
    `resume` takes its outcome instead of running it again.
    """
    kept = stages.give_back(job, halt.so_far.worktree)
    if _has_recorded_end(job, halt.so_far):
        with contextlib.suppress(OSError):
            job_delivery.note(job, _note(halt.trouble))
        return Ended(job.record, step_failed=True)
    if _can_be_recorded_later(job, halt):
        _note_place(job, kept)
        failed = {"state": JobState.FAILED, "reason": halt.trouble.reason}
        return Ended(job.record.model_copy(update=failed))
    return Ended(_record_failed(job, halt))


def _note(trouble: Trouble) -> str:
    return f"{trouble.step} failed: {trouble.reason}"


def _has_recorded_end(job: JobContext, so_far: SoFar) -> bool:
    ended = [attempt.number for attempt in job.record.attempts if attempt.state.is_final]
    return so_far.attempt in ended


def _can_be_recorded_later(job: JobContext, halt: Halt) -> bool:
    error = halt.trouble.error
    if isinstance(error, HostError):  # the host has it all
        return True
    return is_passing(error) and os.path.lexists(attempt_file(job, halt.so_far, "outcome"))


def _note_place(job: JobContext, kept: Path | None) -> None:
    """Where the worktree stays, for whoever takes the outcome and what the job made."""
    if kept is not None:
        with contextlib.suppress(OSError):
            job.store.update(job.index, worktree=str(kept))


def _record_failed(job: JobContext, halt: Halt) -> JobRecord:
    attempt = Attempt(
        number=max(halt.so_far.attempt, 1),
        state=JobState.FAILED,
        reason=halt.trouble.reason,
        end_time=utc_now(),
    )
    try:
        return job.store.update(
            job.index,
            cmd=job.job.command,
            params=dict(job.job.params),
            seed=job.job.seed,
            config_id=job.job.config_id,
            state=JobState.FAILED,
            reason=attempt.reason,
            end_time=attempt.end_time,
            attempts=attempts.with_attempt(job, attempt),
        )
    except OSError:
        return JobRecord(
            id=job.index, cmd=job.job.command, state=JobState.FAILED, reason=attempt.reason
        )
