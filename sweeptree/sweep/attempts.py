"""One attempt of a job: its command under a keeper, and what the record says of it.

Hides: from when on the record says `running`, and how an outcome, the metrics, the artifacts and
the notes become the job's record.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from sweeptree import supervise, worktrees
from sweeptree.analysis import metrics
from sweeptree.errors import RecordError, SweeptreeError, WorktreeGone
from sweeptree.model import Attempt, JobState, Outcome, SweepSpec
from sweeptree.model.values import Changes, Metrics
from sweeptree.records import read_json
from sweeptree.sweep import artifacts
from sweeptree.sweep.launches import Line, make_launch
from sweeptree.sweep.results import Ran, SoFar
from sweeptree.sweep.running import JobContext
from sweeptree.system.clock import parse_time, utc_now

START_LOOK_SECONDS = 0.05


def last_attempt(job: JobContext, so_far: SoFar) -> int:
    """The highest number of any attempt that has left a trace; 0 before the first."""
    noted = [attempt.number for attempt in job.record.attempts]
    left = job.sweep.attempts_before.get(job.index, 0)
    return max([so_far.attempt, left, *noted])


def supervised(job: JobContext, so_far: SoFar, line: Line) -> Outcome:
    """Run one line to its end; the record says `running` from the moment the job's command runs."""
    launch = make_launch(job, so_far, line)
    starts_at_once = line.is_job_command and launch.slots is None
    if starts_at_once:
        record_start(job, so_far, Started(utc_now()))
    with job.sweep.stop.within_reach(supervise.start(launch)) as keeper:
        if launch.slots is not None:
            await_start(job, so_far, keeper, launch.started)
        outcome = keeper.wait()
    if line.is_job_command and not _may_stop_sweep(job, outcome):
        job.turn.end()
    if outcome is None:  # somebody killed the keeper
        supervise.sweep_orphans(launch.name, lambda _: False)
        supervise.fence(launch.alive, launch.outcome)
        return supervise.lost_outcome()
    return outcome


def _may_stop_sweep(job: JobContext, outcome: Outcome | None) -> bool:
    """Whether nothing may start after this job (`--on_fail stop`, `--stop_after_same`): its turn
    ends only when that has been told."""
    if outcome is not None and outcome.state is JobState.SUCCEEDED:
        return False
    return job.spec.on_fail == "stop" or job.sweep.first_failures.is_undecided


@dataclass(frozen=True, slots=True)
class Started:
    """What a keeper tells of a command that it has started; one on another machine also of that
    machine and of the data there."""

    start_time: str
    gpus: tuple[str, ...] = ()
    host: str | None = None
    data_digest: str | None = None


def await_start(job: JobContext, so_far: SoFar, keeper: supervise.Keeper, started: Path) -> None:
    """Wait until the keeper holds its GPUs and has started the command, or has ended without, also
    because nothing shall start any more."""
    stopping, is_told = job.sweep.stop.stopping, False
    while not started.exists():
        if keeper.wait(timeout=START_LOOK_SECONDS) is not None or not keeper.is_alive():
            return
        if stopping.is_set() and not is_told:
            is_told = True
            keeper.withdraw()
    note_start(job, so_far, started)


def note_start(job: JobContext, so_far: SoFar, started: Path) -> None:
    """Record that the command runs, as its keeper says in the file `started`."""
    with contextlib.suppress(RecordError):
        record_start(job, so_far, _read_started(started))


def _read_started(file: Path) -> Started:
    facts = read_json(file)
    start_time = facts.get("start_time") or utc_now()
    return Started(
        str(start_time),
        tuple(facts.get("gpus") or ()),
        facts.get("host"),
        facts.get("data_digest"),
    )


def record_start(job: JobContext, so_far: SoFar, started: Started) -> None:
    """The record says `running`."""
    attempt = Attempt(number=so_far.attempt, state=JobState.RUNNING, start_time=started.start_time)
    is_here = started.host is None
    digest = _data_at_start(job, so_far) if is_here else started.data_digest
    job.store.update(
        job.index,
        state=JobState.RUNNING,
        start_time=started.start_time,
        end_time=None,
        gpus=started.gpus,
        host=started.host or job.record.host,
        data_digest=digest,
        attempts=with_attempt(job, attempt),
    )


def _data_at_start(job: JobContext, so_far: SoFar) -> str | None:
    """The digest of the job's data; of an attempt that is taken over, the one that was noted when
    it started."""
    noted = job.record
    if so_far.attempt in [attempt.number for attempt in noted.attempts]:
        return noted.data_digest
    return _data_now(job, so_far)


def _data_now(job: JobContext, so_far: SoFar) -> str | None:
    if so_far.worktree is None:
        return None
    return job.sweep.data.of_job(so_far.worktree, job.job.params)


@dataclass(frozen=True, slots=True)
class DataSeen:
    """The digests of a job's data when its command started and when it ended; None: no manifest
    named one."""

    at_start: str | None
    at_end: str | None

    def notes(self) -> tuple[str, ...]:
        """A sentence when the data were exchanged while the job ran: nobody knows which of them it
        read."""
        first, last = self.at_start, self.at_end
        if first is None or last is None or first == last:
            return ()
        then = f"{first[:12]} when it started, {last[:12]} when it ended"
        return (f"the dataset changed while the job ran: {then}",)


def _data_here(job: JobContext, so_far: SoFar) -> DataSeen:
    """Of a job that ran on this machine."""
    return DataSeen(_data_at_start(job, so_far), _data_now(job, so_far))


def _import_notes(job: JobContext) -> list[str]:
    """Where the job may have run other code than the commit's."""
    found = job.sweep.prepared.editable.out_of_reach(job.job.command)
    return [f"not the pinned commit: {sentence}" for sentence in found]


def record_outcome(
    job: JobContext,
    so_far: SoFar,
    outcome: Outcome,
    *,
    in_setup: bool = False,
    left: LeftBehind | None = None,
) -> Ran:
    """Write how the attempt ended; `in_setup`: it was the setup that failed.

    `left`: what it left, where its files have been kept already. An attempt whose worktree, and so
    its work, is gone has failed.
    """
    left = left or _keep_artifacts(job, so_far, may_move=_ends_here(job, outcome))
    if left.gone and outcome.state is JobState.SUCCEEDED:
        outcome = replace(outcome, state=JobState.FAILED, reason=left.gone)
    _write_outcome(job, so_far, outcome, left, in_setup=in_setup)
    return Ran(outcome, so_far.worktree, left.has_work, left.is_needed)


def _ends_here(job: JobContext, outcome: Outcome) -> bool:
    """Whether nobody wants the files in the worktree any more: not a fix, nor a delivery, nor a
    person who looks why it failed."""
    if outcome.state is not JobState.SUCCEEDED:
        return False
    return not (job.spec.delivers or job.spec.auto_fix_before_pr or job.sweep.handed_on)


def _write_outcome(
    job: JobContext, so_far: SoFar, outcome: Outcome, left: LeftBehind, *, in_setup: bool
) -> None:
    reason = f"the setup command failed: {outcome.reason}" if in_setup else outcome.reason
    found = _metrics(job, so_far, outcome)
    data = left.data or _data_here(job, so_far)
    attempt = Attempt(
        number=so_far.attempt,
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=reason,
        start_time=outcome.start_time or job.record.start_time,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
    )
    job.store.update(
        job.index,
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=reason,
        start_time=attempt.start_time,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
        peak_rss_mb=outcome.peak_rss_mb,
        gpus=outcome.gpus,
        gpu_seconds=outcome.gpu_seconds,
        peak_vram_mb=outcome.peak_vram_mb,
        gpu_util_mean=outcome.gpu_util_mean,
        gpu_energy_j=outcome.gpu_energy_j,
        attempts=with_attempt(job, attempt),
        metrics=dict(found.values),
        best=dict(found.best) if found.best else None,
        metrics_source=found.source,
        diverged=found.diverged,
        artifacts=left.artifacts,
        notes=(*left.notes, *data.notes(), *_import_notes(job)),
        left_in_worktree=left.alone,
        worktree=_expected_place(job, so_far, outcome, left),
        reproduce=_reproduce_line(job),
        data_digest=data.at_start,
    )


def _metrics(job: JobContext, so_far: SoFar, outcome: Outcome) -> Metrics:
    """What the job reported, and its curves beside the record where they stand elsewhere."""
    paths, index = job.paths, job.index
    places = metrics.Places(paths.metrics(index), paths.log(index), paths.out(index))
    if job.sweep.pool is None and so_far.worktree is not None:
        started = parse_time(outcome.start_time)
        since = started.timestamp() if started else 0.0
        places = replace(places, checkout=so_far.worktree.top, since=since)
    found = metrics.collect(places, wanted_metrics(job.spec))
    if not found.is_reported:
        with contextlib.suppress(OSError):
            metrics.write_history(paths.history(index), found.points)
    return found.metrics


def wanted_metrics(spec: SweepSpec) -> metrics.Wanted:
    """What a sweep asks of its jobs."""
    return metrics.Wanted(spec.metric, spec.metrics_file, spec.metric_regex)


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a job left in its worktree; `alone`: how many files stand only there; `stays`: that was
    asked for, or nobody knows; `gone`: why there is none any more; `data`: which data it had there,
    where only its node could look."""

    artifacts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_work: bool = False
    alone: int = 0
    stays: bool = False
    gone: str | None = None
    data: DataSeen | None = None

    @property
    def is_needed(self) -> bool:
        """Whether the worktree must stay."""
        return self.stays or self.alone > 0


def _keep_artifacts(job: JobContext, so_far: SoFar, *, may_move: bool) -> LeftBehind:
    """Keep what the job made in its worktree; without a worktree of its own nobody knows whose file
    is whose."""
    if job.sweep.pool is None or so_far.worktree is None:
        return LeftBehind()
    try:
        changes = worktrees.changes(so_far.worktree)
    except WorktreeGone as error:
        return LeftBehind(notes=(error.message,), gone=error.message)
    except SweeptreeError as error:
        return LeftBehind(notes=(error.message,), has_work=True, stays=True)
    return _kept(job, so_far.worktree.top, changes, may_move=may_move)


def _kept(job: JobContext, top: Path, changes: Changes, *, may_move: bool) -> LeftBehind:
    dest = job.paths.artifacts(job.index)
    earlier = artifacts.standing(dest)
    stays = _is_to_stay(job, changes)
    kept = artifacts.keep(
        top,
        (*changes.tracked, *changes.made),
        dest,
        movable=changes.made if may_move and not stays else (),
        cap_bytes=job.sweep.settings.artifacts_cap,
    )
    names = tuple(dict.fromkeys((*kept.names, *earlier)))
    has_work = bool(changes.tracked or changes.made)
    return LeftBehind(names, (*changes.notes, *kept.skipped), has_work, kept.left, stays)


def _is_to_stay(job: JobContext, changes: Changes) -> bool:
    """Whether the worktree was asked for, with all that is in it (`--keep_worktrees`)."""
    match job.spec.keep_worktrees:
        case "all":
            return True
        case "changed":
            return bool(changes.tracked)
    return False


def _expected_place(
    job: JobContext, so_far: SoFar, outcome: Outcome, left: LeftBehind
) -> str | None:
    """Where the worktree will be after the job; most go back to the pool, and saying so now saves a
    write."""
    if so_far.worktree is None:
        return None
    has_succeeded = outcome.state is JobState.SUCCEEDED
    may_stay = left.is_needed or (left.has_work and (job.spec.delivers or not has_succeeded))
    is_shared = job.sweep.pool is None
    return str(so_far.worktree.path) if is_shared or may_stay else None


def with_attempt(job: JobContext, attempt: Attempt) -> tuple[Attempt, ...]:
    """The record's attempts with this one, new or in its place."""
    others = [found for found in job.record.attempts if found.number != attempt.number]
    return (*others, attempt)


def _reproduce_line(job: JobContext) -> str:
    """The command that runs this job again as it was, and compares."""
    return f"sweeptree reproduce {job.spec.exp_name}:{job.index}"
