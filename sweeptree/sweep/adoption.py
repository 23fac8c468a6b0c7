"""What an earlier process of a sweep left of a job: taken over, given up for lost, or only to be
delivered.

Hides: how an attempt is fenced. Once given up, no keeper can begin it any more and nothing that it
leaves later is taken; a newer attempt has its own number, files and worktree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sweeptree import repository, supervise, worktrees
from sweeptree.errors import SweeptreeError, WorktreeGone
from sweeptree.model import Attempt, JobDelivery, JobRecord, JobState, Outcome, Worktree
from sweeptree.sweep import artifacts, attempts, job_delivery, owed
from sweeptree.sweep.launches import SETUP, attempt_file, launch_name
from sweeptree.sweep.results import Lost, Ran, SoFar, Stage, Trouble
from sweeptree.sweep.running import JobContext, Sweep
from sweeptree.sweep.stages import kept_on_trouble
from sweeptree.system.clock import utc_now
from sweeptree.worktrees import Pool


def is_unfinished(job: JobContext) -> bool:
    """Whether an earlier run of the sweep started an attempt of this job whose end is not in the
    record yet."""
    number = attempts.last_attempt(job, SoFar())
    return number > 0 and not has_ended(job, number)


def has_ended(job: JobContext, number: int) -> bool:
    """Whether the end of this attempt is in the record."""
    return _recorded_end(job, number) is not None


def _recorded_end(job: JobContext, number: int) -> Attempt | None:
    ended = [each for each in job.record.attempts if each.state.is_final]
    return next((each for each in ended if each.number == number), None)


def left_outcome(job: JobContext) -> Outcome | None:
    """How the last attempt has ended, where only its keeper has written that down."""
    if not is_unfinished(job):
        return None
    last = on_last_attempt(job, SoFar())
    return supervise.read_outcome(attempt_file(job, last, "outcome"))


def on_last_attempt(job: JobContext, so_far: SoFar) -> SoFar:
    """On the attempt that an earlier process started."""
    return so_far.on_attempt(attempts.last_attempt(job, so_far))


def adopt(job: JobContext, so_far: SoFar) -> Ran | Lost:
    """Take over the attempt that an earlier process of this sweep started: wait for it, or take its
    outcome.

    An attempt whose keeper died without an outcome is noted as lost, and what it left running is
    ended, so that a new attempt can start.
    """
    job.turn.take_at_once()
    outcome = _await_outcome(job, so_far)
    if outcome.state is JobState.LOST:
        _note_lost(job, so_far, outcome)
        return Lost(so_far.attempt)
    worktree = _old_worktree(job)
    with kept_on_trouble(job, worktree):
        return attempts.record_outcome(job, so_far.with_worktree(worktree), outcome)


ADOPT_COMMAND: Stage[Ran | Lost] = Stage(
    "adopt-command", "command", adopt, opens=True, title="run, taken over"
)


def _await_outcome(job: JobContext, so_far: SoFar) -> Outcome:
    alive, file = (attempt_file(job, so_far, what) for what in ("alive", "outcome"))
    while True:
        keeper = supervise.adopt(alive, file)
        with job.sweep.stop.within_reach(keeper):
            if keeper.is_alive():
                started = attempt_file(job, so_far, "started")
                attempts.await_start(job, so_far, keeper, started)
            outcome = keeper.wait()
        job.turn.end()
        if outcome is not None:
            return outcome
        if supervise.fence(alive, file):
            return supervise.lost_outcome()


def give_back_finished(sweep: Sweep, records: Iterable[JobRecord]) -> None:
    """Give back the worktrees of jobs whose end is in their records: their driver died before it
    could. One with a file that stands nowhere else is kept."""
    for record in records:
        if sweep.pool is not None and record.state is not None and record.state.is_final:
            _give_back_finished(sweep, sweep.pool, _with_place(sweep, record))


def _with_place(sweep: Sweep, record: JobRecord) -> JobRecord:
    """The record, which may name the place where the worktree stood before it was kept: its driver
    died before it could write the new one."""
    if record.worktree is None or Path(record.worktree).exists():
        return record
    folder = sweep.prepared.repo.pool_dir(sweep.spec.exp_name)
    kept = worktrees.kept_place(folder, record.id)
    return record if kept is None else sweep.store.update(record.id, worktree=str(kept))


def _give_back_finished(sweep: Sweep, pool: Pool, record: JobRecord) -> None:
    place = Path(record.worktree) if record.worktree else None
    while (worktree := pool.adopt(record.id, place)) is not None:
        keep = place is not None or not _stands_elsewhere(sweep, record, worktree)
        kept = pool.release(worktree, keep=keep, index=record.id)
        if kept is not None:
            record = _record_kept(sweep, record, kept)
            place = kept


def _record_kept(sweep: Sweep, record: JobRecord, kept: Path) -> JobRecord:
    """Where the worktree stays; what was to be delivered of it is owed from now on."""
    has_succeeded = record.state is JobState.SUCCEEDED
    is_owed = sweep.spec.delivers and has_succeeded and record.delivery is None
    delivery = _uncommitted(sweep) if is_owed else record.delivery
    return sweep.store.update(record.id, worktree=str(kept), delivery=delivery)


def _uncommitted(sweep: Sweep) -> JobDelivery:
    error = SweeptreeError("the sweep was killed before the changes were committed")
    return job_delivery.failure(sweep.spec, Trouble("commit", error))


def keep_for_delivery(job: JobContext, so_far: SoFar) -> None:
    """Keep the worktree of a job that was taken over, whose changes `resume` is to deliver."""
    pool = job.sweep.pool
    if pool is None or so_far.worktree is None:
        return
    kept = pool.release(so_far.worktree, keep=True, index=job.index)
    if kept is not None:
        _record_kept(job.sweep, job.record, kept)


def _stands_elsewhere(sweep: Sweep, record: JobRecord, worktree: Worktree) -> bool:
    try:
        found = worktrees.changes(worktree)
    except SweeptreeError:
        return False
    dest = sweep.paths.artifacts(record.id)
    return artifacts.holds_all(worktree.top, (*found.tracked, *found.made), dest)


def is_undelivered(sweep: Sweep, record: JobRecord) -> bool:
    """Whether a job succeeded and its driver died before the changes were committed."""
    pool, place = sweep.pool, record.worktree
    if pool is None or place is None or not sweep.spec.delivers:
        return False
    if record.state is not JobState.SUCCEEDED or _good_outcome(sweep, record) is None:
        return False
    return pool.has_leftover(record.id, Path(place)) or _lacks_fix(sweep, record)


def _lacks_fix(sweep: Sweep, record: JobRecord) -> bool:
    """Whether a kept worktree is to be fixed first: its delivery has not begun."""
    is_owed = record.delivery is not None and record.delivery.step == "commit"
    return sweep.spec.auto_fix_before_pr and is_owed and record.auto_fix is None


def take_up(job: JobContext, so_far: SoFar) -> SoFar:
    """Go on behind the command of such a job: its outcome stands, its worktree is taken over."""
    outcome = _good_outcome(job.sweep, job.record)
    worktree = _old_worktree(job)
    with kept_on_trouble(job, worktree):
        _end_beside(job, so_far, ".fix")
        for what in ("alive", "started", "outcome"):
            attempt_file(job, so_far, f"{what}.fix").unlink(missing_ok=True)
    return replace(so_far, outcome=outcome, worktree=worktree)


def take_up_ended(job: JobContext, so_far: SoFar) -> SoFar:
    """Go on behind the command of the present attempt, whose end is in the record, however it
    ended; its worktree is taken over where it has not gone back."""
    worktree = _old_worktree(job) or _kept_worktree(job)
    outcome = supervise.read_outcome(attempt_file(job, so_far, "outcome"))
    outcome = outcome or _outcome_by_record(job, so_far)
    left_work = worktree is not None and job.record.worktree is not None
    return replace(so_far, outcome=outcome, worktree=worktree, left_work=left_work)


def _outcome_by_record(job: JobContext, so_far: SoFar) -> Outcome | None:
    """How the attempt ended, where its keeper left no file: its setup failed, or it was lost."""
    end = _recorded_end(job, so_far.attempt)
    if end is None:
        return None
    return Outcome(
        state=end.state,
        exit_code=end.exit_code,
        signal=None,
        reason=end.reason,
        start_time=end.start_time,
        end_time=end.end_time or utc_now(),
        duration_seconds=end.duration_seconds or 0.0,
        peak_rss_mb=job.record.peak_rss_mb,
    )


def take_up_owed(job: JobContext, so_far: SoFar) -> SoFar:
    """Go on behind the last step that worked of a job whose delivery failed: its branch, else its
    kept worktree.

    Raises WorktreeGone when neither is there any more.
    """
    branch = owed.made_branch(job)
    worktree = None if branch is not None else _kept_worktree(job)
    if branch is None and worktree is None:
        again = f"sweeptree resume {job.spec.exp_name} --jobs {job.index}   runs it again"
        gone = f"the branch and the worktree with the work of job {job.index} are gone"
        raise WorktreeGone(gone, hint=again)
    return replace(so_far, branch=branch, worktree=worktree, keep=True)


def _kept_worktree(job: JobContext) -> Worktree | None:
    pool, place = job.sweep.pool, job.record.worktree
    if pool is None or not place:
        return None
    return pool.take_kept(job.index, Path(place))


def _good_outcome(sweep: Sweep, record: JobRecord) -> Outcome | None:
    number = max((attempt.number for attempt in record.attempts), default=0)
    outcome = supervise.read_outcome(sweep.paths.attempt(record.id, number, "outcome"))
    if outcome is None or outcome.state is not JobState.SUCCEEDED:
        return None
    return outcome


def _end_beside(job: JobContext, so_far: SoFar, suffix: str) -> None:
    """The setup or fix of an attempt whose driver died may still run: it would be in the way."""
    files = (attempt_file(job, so_far, what + suffix) for what in ("alive", "outcome"))
    keeper = supervise.adopt(*files)
    keeper.kill()
    keeper.wait()


def _note_lost(job: JobContext, so_far: SoFar, outcome: Outcome) -> None:
    """The attempt's keeper is dead and left no outcome: say so, and end what its job may have left
    running."""
    _end_beside(job, so_far, SETUP)
    supervise.sweep_orphans(launch_name(job, so_far), lambda _: False)
    if so_far.attempt not in [attempt.number for attempt in job.record.attempts]:
        return
    attempt = Attempt(
        number=so_far.attempt,
        state=outcome.state,
        reason=outcome.reason,
        end_time=outcome.end_time,
    )
    job.store.update(
        job.index,
        state=outcome.state,
        reason=outcome.reason,
        attempts=attempts.with_attempt(job, attempt),
    )


def _old_worktree(job: JobContext) -> Worktree | None:
    prepared, pool = job.sweep.prepared, job.sweep.pool
    if pool is None:
        return repository.in_place(prepared.repo, prepared.base)
    place = job.record.worktree
    return pool.adopt(job.index, Path(place) if place else None) or _kept_worktree(job)
