"""One attempt of a job: its command under a keeper, and what the record says of it.

Hides: how a launch is made from a spec, from when on the record says `running`, and how an outcome,
the metrics, the artifacts and the notes become the job's record.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from sweeptree import supervise, worktrees
from sweeptree.analysis import metrics
from sweeptree.errors import RecordError, SweeptreeError, WorktreeGone
from sweeptree.model import Attempt, JobState, Launch, Outcome, SlotRequest
from sweeptree.records import read_json
from sweeptree.sweep import artifacts
from sweeptree.sweep.running import Chain
from sweeptree.system.clock import utc_now

ARTIFACT_BYTES = 512 * 1024 * 1024
ARTIFACT_FILES = 10_000


def last_attempt(chain: Chain) -> int:
    """The highest number of any attempt that has left a trace; 0 before the first."""
    index = chain.job.index
    noted = (a.number for a in chain.sweep.store.record(index).attempts)
    return max([chain.attempt, chain.sweep.before.get(index, 0), *noted])


def launch_name(chain: Chain, suffix: str) -> str:
    return chain.sweep.paths.launch_name(chain.job.index, chain.attempt, suffix)


def make_launch(
    chain: Chain,
    command: str,
    suffix: str,
    *,
    slots: bool = False,
    log: Path | None = None,
    timeout: float | None = None,
) -> Launch:
    sweep, spec, paths, job = chain.sweep, chain.sweep.spec, chain.sweep.paths, chain.job
    assert chain.worktree is not None
    out = paths.out(job.index)
    out.mkdir(exist_ok=True)
    request = None
    if slots and sweep.prepared.gpus:
        request = SlotRequest(
            root=sweep.prepared.slot_dir,
            devices=sweep.prepared.detection.devices,
            count=sweep.prepared.gpus,
            owner=launch_name(chain, suffix),
            memory=chain.gpu_memory,
            env_style=spec.gpu_env,
        )
    return Launch(
        name=launch_name(chain, suffix),
        command=command,
        cwd=chain.worktree.path,
        env=supervise.job_environment(
            os.environ,
            exp=spec.exp_name,
            job=job.index,
            attempt=chain.attempt,
            seed=job.seed,
            commit=chain.worktree.base_commit,
            worktree=chain.worktree.path,
            out=out,
            metrics=paths.metrics(job.index),
            keep=spec.keep_env,
        ),
        log=log or paths.log(job.index),
        alive=paths.attempt(job.index, chain.attempt, f"alive{suffix}"),
        started=paths.attempt(job.index, chain.attempt, f"started{suffix}"),
        outcome=paths.attempt(job.index, chain.attempt, f"outcome{suffix}"),
        timeout=timeout or spec.timeout,
        grace=spec.grace,
        log_cap=sweep.log_cap,
        slots=request,
    )


def supervised(chain: Chain, launch: Launch) -> Outcome:
    """Run one launch to its end; the record says `running` from the moment the command runs."""
    is_command = launch.alive.suffix == ".alive"
    if is_command and launch.slots is None:
        _record_start(chain, utc_now(), ())
    with chain.sweep.watched(supervise.start(launch)) as keeper:
        if is_command and launch.slots is not None:
            await_start(chain, keeper, launch.started)
        outcome = keeper.wait()
    if is_command and not _stops_sweep(chain, outcome):
        chain.end_turn()
    if outcome is None:  # somebody killed the keeper
        supervise.sweep_orphans(launch.name, lambda _: False)
        supervise.fence(launch.alive, launch.outcome)
        return supervise.lost_outcome()
    return outcome


def _stops_sweep(chain: Chain, outcome: Outcome | None) -> bool:
    """Whether nothing may start after this job (`--on_fail stop`): its turn ends only when that has
    been told."""
    return chain.sweep.spec.on_fail == "stop" and (
        outcome is None or outcome.state is not JobState.SUCCEEDED
    )


def await_start(chain: Chain, keeper: supervise.Keeper, started: Path) -> None:
    """Wait until the keeper holds its GPUs and has started the command, or has ended without."""
    while not started.exists():
        if keeper.wait(timeout=0.05) is not None or not keeper.is_alive():
            return
    with contextlib.suppress(RecordError):
        facts = read_json(started)
        _record_start(
            chain, str(facts.get("start_time") or utc_now()), tuple(facts.get("gpus") or ())
        )


def _record_start(chain: Chain, start_time: str, gpus: tuple[str, ...]) -> None:
    attempt = Attempt(number=chain.attempt, state=JobState.RUNNING, start_time=start_time)
    chain.update(
        state=JobState.RUNNING,
        start_time=start_time,
        end_time=None,
        gpus=gpus,
        data_digest=_data_at_start(chain),
        attempts=with_attempt(chain, attempt),
    )


def _data_at_start(chain: Chain) -> str | None:
    """The digest of the job's data; of an attempt that is taken over, the one that was noted when
    it started."""
    noted = chain.sweep.store.record(chain.job.index)
    if chain.attempt in (attempt.number for attempt in noted.attempts):
        return noted.data_digest
    return _data_now(chain)


def _data_now(chain: Chain) -> str | None:
    return (
        chain.sweep.data.of_job(chain.worktree, chain.job.params)
        if chain.worktree is not None
        else None
    )


def _data_notes(chain: Chain) -> tuple[str, ...]:
    """A sentence when the data were exchanged while the job ran: nobody knows which of them it
    read."""
    started, now = chain.sweep.store.record(chain.job.index).data_digest, _data_now(chain)
    if started is None or now is None or started == now:
        return ()
    return (
        f"the dataset changed while the job ran: {started[:12]} when it started, {now[:12]} when it ended",
    )


def record_outcome(chain: Chain, outcome: Outcome) -> Outcome:
    """Write how the attempt ended.

    Returns the outcome: failed when the worktree, and so its work, is gone.
    """
    paths, spec, index = chain.sweep.paths, chain.sweep.spec, chain.job.index
    names, notes, gone = _keep_artifacts(chain)
    notes = (*notes, *_data_notes(chain))
    if gone and outcome.state is JobState.SUCCEEDED:
        outcome = chain.outcome = replace(outcome, state=JobState.FAILED, reason=gone)
    reason = outcome.reason
    if chain.setup_failed:
        reason = f"the setup command failed: {reason}"
    found = metrics.collect(paths.metrics(index), paths.log(index), spec.metric)
    start = outcome.start_time or (chain.record.start_time if chain.record else None)
    attempt = Attempt(
        number=chain.attempt,
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=reason,
        start_time=start,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
    )
    chain.update(
        state=outcome.state,
        exit_code=outcome.exit_code,
        reason=reason,
        start_time=start,
        end_time=outcome.end_time,
        duration_seconds=outcome.duration_seconds,
        peak_rss_mb=outcome.peak_rss_mb,
        gpus=outcome.gpus,
        gpu_seconds=outcome.gpu_seconds,
        peak_vram_mb=outcome.peak_vram_mb,
        gpu_util_mean=outcome.gpu_util_mean,
        gpu_energy_j=outcome.gpu_energy_j,
        attempts=with_attempt(chain, attempt),
        metrics=dict(found.values),
        best=dict(found.best) if found.best else None,
        metrics_source=found.source,
        artifacts=names,
        notes=notes,
        worktree=_expected_place(chain, outcome),
        reproduce=reproduce_line(chain),
        data_digest=_data_at_start(chain),
    )
    return outcome


def _keep_artifacts(chain: Chain) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Copy what the job made in its worktree; without a worktree of its own nobody knows whose file
    is whose.

    Returns the names, the notes, and why the worktree is gone if it is.
    """
    if chain.sweep.pool is None or chain.worktree is None:
        return (), (), None
    try:
        changes = worktrees.changes(chain.worktree)
    except SweeptreeError as error:
        return (), (error.message,), error.message if isinstance(error, WorktreeGone) else None
    chain.left_something = bool(changes.tracked or changes.made)
    kept = artifacts.keep(
        chain.worktree.top,
        (*changes.tracked, *changes.made),
        chain.sweep.paths.artifacts(chain.job.index),
        cap_bytes=ARTIFACT_BYTES,
        cap_files=ARTIFACT_FILES,
    )
    return kept.names, (*changes.notes, *kept.skipped), None


def _expected_place(chain: Chain, outcome: Outcome) -> str | None:
    """Where the worktree will be after the job; most go back to the pool, and saying so now saves a
    write."""
    if chain.worktree is None:
        return None
    delivers = chain.sweep.spec.commit_and_pr or chain.sweep.spec.commit_and_pr_best
    may_stay = chain.left_something and (outcome.state is not JobState.SUCCEEDED or delivers)
    return str(chain.worktree.path) if chain.sweep.pool is None or may_stay else None


def with_attempt(chain: Chain, attempt: Attempt) -> tuple[Attempt, ...]:
    before = chain.sweep.store.record(chain.job.index).attempts
    return (*(a for a in before if a.number != attempt.number), attempt)


def reproduce_line(chain: Chain) -> str:
    """A line that runs this job's command again on the same commit."""
    commit = chain.sweep.prepared.base.commit
    return f"git worktree add --detach ../repro {commit} && cd ../repro && {chain.job.command}"
