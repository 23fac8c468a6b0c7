"""What a lane sent back of an attempt, as the job's record, files and worktree here.

Hides: that a record is written only when all files are here, and that a worktree is made of what
the job changed only where something is still to be done with it.
"""

from __future__ import annotations

import dataclasses

from sweeptree.errors import HostError, SweeptreeError
from sweeptree.hosts.clock import Clock
from sweeptree.hosts.lanes.came import Came
from sweeptree.hosts.lanes.clocks import outcome_here, record_here
from sweeptree.hosts.lanes.values import Brought, Carrier
from sweeptree.model import JobRecord, JobState, Outcome, Worktree
from sweeptree.model.record import RecordPart, RemoteArtifact
from sweeptree.sweep import attempts, stages
from sweeptree.sweep.results import Ran, SoFar, Trouble
from sweeptree.sweep.running import JobContext
from sweeptree.system.files import write_json


def accept(
    carrier: Carrier, job: JobContext, so_far: SoFar, came: Came, clock: Clock
) -> Ran | Trouble:
    """Bring an attempt that has ended on a host here, and write how it ended, in times of this
    machine; `clock` is the host's.

    Trouble: its command did not begin there. Raises HostError where it cannot be brought: the host
    keeps everything, and `resume` brings it.
    """
    if came.outcome is None:
        return _told_trouble(job, came)
    brought = _bring(carrier, job, so_far, came)
    brought = dataclasses.replace(brought, record=record_here(brought.record, clock))
    outcome = outcome_here(came.outcome, clock)
    _write_outcome(job, so_far, outcome)
    worktree = _worktree(carrier, job, came)
    with stages.kept_on_trouble(job, worktree):
        _record(job, so_far, brought, worktree)
        if worktree is not None and came.content is not None:
            carrier.drop_content(job, so_far.attempt)
    return Ran(outcome, worktree, came.left.has_work)


def _told_trouble(job: JobContext, came: Came) -> Trouble:
    told = came.trouble
    step, why = (told.step, told.reason) if told is not None else ("command", "it did not begin")
    host = job.record.host or ""
    error = SweeptreeError(f"on {host}: {why}", hint=f"sweeptree hosts check {host}")
    return Trouble(step, error)


def _bring(carrier: Carrier, job: JobContext, so_far: SoFar, came: Came) -> Brought:
    try:
        return carrier.bring(job, so_far.attempt, came)
    except (SweeptreeError, OSError) as error:
        host = job.record.host or ""
        why = error.message if isinstance(error, SweeptreeError) else error.strerror
        raise HostError(
            f"the results are on {host} and could not be brought here: {why}",
            host=host,
            kind="lost",
            hint=(f"sweeptree hosts check {host}", f"sweeptree resume {job.spec.exp_name}"),
        ) from error


def _write_outcome(job: JobContext, so_far: SoFar, outcome: Outcome) -> None:
    """The outcome stands on disk from here on as a keeper would have left it."""
    file = job.paths.attempt(job.index, so_far.attempt, "outcome")
    write_json(file, dataclasses.asdict(outcome))


def _worktree(carrier: Carrier, job: JobContext, came: Came) -> Worktree | None:
    """A worktree with what the job changed, where it is to be fixed or delivered."""
    wanted = job.spec.delivers or job.spec.auto_fix_before_pr
    if job.sweep.pool is None or not wanted or came.state is not JobState.SUCCEEDED:
        return None
    worktree = job.sweep.pool.acquire(job.index)
    with stages.kept_on_trouble(job, worktree):
        if came.content is not None:
            carrier.put_content(worktree, came.content)
    return worktree


def _record(job: JobContext, so_far: SoFar, brought: Brought, worktree: Worktree | None) -> None:
    found = brought.record
    own = [attempt for attempt in found.attempts if attempt.number == so_far.attempt]
    part = _same_as_there(found)
    part["worktree"] = str(worktree.path) if worktree is not None else None
    part["attempts"] = attempts.with_attempt(job, own[-1]) if own else job.record.attempts
    part["remote_artifacts"] = _all_kept(job.record, brought)
    part["notes"] = tuple(dict.fromkeys((*found.notes, *brought.notes)))
    job.store.update(job.index, **part)


def _all_kept(record: JobRecord, brought: Brought) -> tuple[RemoteArtifact, ...]:
    """What stays on hosts of all attempts; a later one on a host writes in the same place."""
    known = (*record.remote_artifacts, *brought.kept)
    return tuple({(file.host, file.path): file for file in known}.values())


def _same_as_there(found: JobRecord) -> RecordPart:
    """What a record says wherever it was written."""
    return RecordPart(
        state=found.state,
        exit_code=found.exit_code,
        reason=found.reason,
        start_time=found.start_time,
        end_time=found.end_time,
        duration_seconds=found.duration_seconds,
        peak_rss_mb=found.peak_rss_mb,
        python_version=found.python_version,
        gpus=found.gpus,
        gpu_seconds=found.gpu_seconds,
        peak_vram_mb=found.peak_vram_mb,
        gpu_util_mean=found.gpu_util_mean,
        gpu_energy_j=found.gpu_energy_j,
        metrics=found.metrics,
        best=found.best,
        metrics_source=found.metrics_source,
        diverged=found.diverged,
        artifacts=found.artifacts,
        left_in_worktree=found.left_in_worktree,
        data_digest=found.data_digest,
        reproduce=found.reproduce,
    )
