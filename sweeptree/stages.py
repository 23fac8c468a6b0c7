"""A job's life as plain functions: worktree, setup, command, fix, commit. The tasks are thin adaptors of these.

Each stage writes its part of the record at once. A failing command is an `Outcome`; trouble of ours (git, disk)
ends the job as failed with the reason, and never the sweep. Hides how the core modules work together.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
from pathlib import Path

<<<<<<< HEAD
from sweeptree import artifacts, job_delivery, metrics, supervise, worktrees
from sweeptree.errors import RecordError, SweeptreeError, WorktreeGone
from sweeptree.model import Attempt, JobRecord, JobState, Launch, Outcome, SlotRequest, Worktree
from sweeptree.records import read_json, utc_now
from sweeptree.sweeps import Chain
=======
from sweeptree import attempts, job_delivery, supervise, worktrees
from sweeptree.errors import SweeptreeError
from sweeptree.model import Attempt, JobRecord, JobState, Outcome, Worktree
from sweeptree.records import utc_now
from sweeptree.sweeps import Chain, Sweep
>>>>>>> origin/main

FIX_TIMEOUT = 900.0
_PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def prepare_worktree(chain: Chain) -> Worktree:
    """Stage 1: a clean checkout of the pinned commit (or the repository itself), and the record that says so."""
    chain.attempt = attempts.last_attempt(chain) + 1
    chain.tries += 1
    chain.setup_failed = chain.left_something = False
    _put_aside(chain)
    sweep, prepared, job = chain.sweep, chain.sweep.prepared, chain.job
    chain.worktree = sweep.pool.acquire(job.index) if sweep.pool else worktrees.in_place(prepared.repo, prepared.base)
    chain.update(
        cmd=job.command,
        params=dict(job.params),
        seed=job.seed,
        config_id=job.config_id,
        state=JobState.PLANNED,
        log=sweep.paths.log(job.index).name,
        base_commit=prepared.base.commit,
        git_commit=prepared.base.commit[:12],
        git_branch=prepared.base.branch,
        host=platform.node(),
        python_version=platform.python_version(),
        worktree=str(chain.worktree.path),
        exit_code=None,
        reason=None,
    )
    return chain.worktree


def run_command(chain: Chain) -> Outcome:
    """Stage 2: setup if asked for, then the command under its keeper, then what it reported and made."""
    outcome = _setup(chain)
    if outcome is None:
        outcome = attempts.supervised(chain, attempts.make_launch(chain, chain.job.command, "", slots=True))
    chain.outcome = outcome
    chain.judge_cause()
<<<<<<< HEAD
    return record_outcome(chain, outcome)
=======
    return attempts.record_outcome(chain, outcome)


def is_unfinished(chain: Chain) -> bool:
    """Whether an earlier run of the sweep started an attempt of this job whose end is not in the record yet."""
    number = attempts.last_attempt(chain)
    ended = (a.number for a in chain.sweep.store.record(chain.job.index).attempts if a.state.is_final)
    return number > 0 and number not in ended


def adopt(chain: Chain) -> Outcome | None:
    """Take over the attempt that an earlier process of this sweep started: wait for it, or take its outcome.

    None when there is nothing to take over. An attempt whose keeper died without an outcome is noted as lost,
    and what it left running is ended, so that a new attempt can start.
    """
    paths, index, number = chain.sweep.paths, chain.job.index, attempts.last_attempt(chain)
    chain.attempt, chain.tries = number, 1
    alive, outcome_file = paths.attempt(index, number, "alive"), paths.attempt(index, number, "outcome")
    outcome = None
    while outcome is None:
        keeper = supervise.adopt(alive, outcome_file)
        with chain.sweep.watched(keeper):
            if keeper.is_alive():
                attempts.await_start(chain, keeper, paths.attempt(index, number, "started"))
            outcome = keeper.wait()
        if outcome is None and supervise.bar(alive, outcome_file):
            outcome = supervise.lost_outcome()
    if outcome.state is JobState.LOST:
        _note_lost(chain, outcome)
        return None
    chain.worktree = _old_worktree(chain)
    chain.outcome = outcome
    chain.judge_cause()
    return attempts.record_outcome(chain, outcome)


def is_undelivered(sweep: Sweep, record: JobRecord) -> bool:
    """Whether a job succeeded and the process that drove it died before its changes were committed."""
    pool, place = sweep.pool, record.worktree
    if pool is None or place is None or record.state is not JobState.SUCCEEDED or not sweep.spec.commit_and_pr:
        return False
    return _succeeded(sweep, record) is not None and pool.has_leftover(record.id, Path(place))


def take_up(chain: Chain) -> None:
    """Go on behind the command of such a job: its outcome stands, its worktree is taken over."""
    chain.attempt, chain.tries = attempts.last_attempt(chain), 1
    chain.record = chain.sweep.store.record(chain.job.index)
    chain.outcome = _succeeded(chain.sweep, chain.record)
    chain.worktree = _old_worktree(chain)
    _end_beside(chain, ".fix")
    for what in ("alive", "started", "outcome"):
        chain.sweep.paths.attempt(chain.job.index, chain.attempt, f"{what}.fix").unlink(missing_ok=True)
>>>>>>> origin/main


def auto_fix(chain: Chain) -> Outcome | None:
    """Stage 3: the auto-fix script in the job's worktree. Its failure is recorded and stops nothing."""
    script = _fix_script(chain)
    if script is None:
        chain.update(auto_fix={"script": str(chain.sweep.spec.auto_fix_script), "reason": "there is no such script"})
        return None
    log = chain.sweep.paths.root / f"job_{chain.job.index}.fix.log"
    launch = attempts.make_launch(chain, f"exec {_quoted(script)}", ".fix", log=log, timeout=FIX_TIMEOUT)
    outcome = attempts.supervised(chain, launch)
    chain.update(
        auto_fix={
            "script": str(script),
            "exit_code": outcome.exit_code,
            "reason": outcome.reason,
            "duration_seconds": outcome.duration_seconds,
            "log": log.name,
        }
    )
    return outcome


def commit(chain: Chain) -> worktrees.Branch | None:
    """Stage 4: what the job changed, as a commit on a branch of its own, with a pull request where there is a forge.

    None: it changed no tracked file, nor made one that `--pr_artifacts` asks for.
    """
    if chain.worktree is None:
        return None
    tracked, made = job_delivery.asked_for(chain)
    if not (tracked or made):
        return None
    if not chain.sweep.may_branch():
        chain.update(notes=(*_notes(chain), f"no branch: --max_prs {chain.sweep.spec.max_prs} is reached"))
        return None
    branch = worktrees.commit_changes(
        chain.worktree, branch=branch_name(chain), message=_commit_message(chain), paths=made
    )
    chain.has_branch = True
    chain.update(git_branch=branch.name, git_commit=branch.commit[:12])
    if chain.sweep.spec.commit_and_pr:
        job_delivery.open_pull(chain, branch)
    return branch


def label_and_review(chain: Chain) -> str:
    """Stage 5: labels and reviewers for the job's pull request. Says what was done, or why there was nothing to do."""
    spec, record = chain.sweep.spec, chain.sweep.store.record(chain.job.index)
    wanted = {"labels": list(spec.post_pr_labels), "reviewers": list(spec.post_pr_reviewers)}
    if record.pr_url is None:
        reason = f"there is no pull request, only the branch {record.git_branch}"
        chain.update(review={**wanted, "state": "none", "reason": reason})
        return reason
    did = job_delivery.label_and_ask(chain)
    chain.update(review={**wanted, "state": "asked", "reason": "; ".join(did) or "nothing was missing"})
    return f"{record.pr_url}: {', '.join(did) or 'nothing was missing'}"


def finish(chain: Chain) -> JobRecord:
    """Last: the worktree goes back to the pool, or stays where its work must be kept."""
    sweep, worktree = chain.sweep, chain.worktree
    chain.worktree = None
    with contextlib.suppress(OSError):
        sweep.paths.out(chain.job.index).rmdir()  # made for $SWEEPTREE_OUT; goes again when it stayed empty
    if sweep.pool is not None and worktree is not None:
        kept = sweep.pool.release(worktree, keep=_must_keep(chain), index=chain.job.index)
        where = str(kept) if kept else None
        if chain.record is None or chain.record.worktree != where:
            chain.update(worktree=where)
        if where and chain.is_undelivered:
            job_delivery.how_to_finish(chain, where)
    return chain.record or sweep.store.record(chain.job.index)


def give_up(chain: Chain, error: Exception) -> JobRecord:
    """Trouble of ours ended the job: the record says so, and the worktree is kept for a look.

    How the command itself ended stays as it was told. Where it could not be told for want of room or of file
    handles, the attempt stays open on disk, so that `resume` takes its outcome instead of running it again.
    """
    reason = error.message if isinstance(error, SweeptreeError) else f"{type(error).__name__}: {error}"
    now = utc_now()
    number = max(chain.attempt, 1)
    worktree, chain.worktree = chain.worktree, None
    if chain.sweep.pool is not None and worktree is not None:
        with contextlib.suppress(SweeptreeError, OSError):
            chain.sweep.pool.release(worktree, keep=True, index=chain.job.index)
    record = chain.sweep.store.record(chain.job.index)
    if any(told.number == chain.attempt and told.state.is_final for told in record.attempts):
        chain.sweep.delivery_failed = True
        with contextlib.suppress(OSError):
            chain.update(notes=(*record.notes, reason))
        return chain.record or record
    if _can_be_told_later(chain, error):
        return record.model_copy(update={"state": JobState.FAILED, "reason": reason})
    attempt = Attempt(number=number, state=JobState.FAILED, reason=reason, end_time=now)
    with contextlib.suppress(OSError):
        chain.update(
            cmd=chain.job.command,
            params=dict(chain.job.params),
            seed=chain.job.seed,
            config_id=chain.job.config_id,
            state=JobState.FAILED,
            reason=reason,
            end_time=now,
<<<<<<< HEAD
            attempts=with_attempt(chain, attempt),
=======
            attempts=attempts.with_attempt(chain, attempt),
>>>>>>> origin/main
        )
    if chain.record is None or chain.record.state != JobState.FAILED:
        chain.record = JobRecord(id=chain.job.index, cmd=chain.job.command, state=JobState.FAILED, reason=reason)
    return chain.record


<<<<<<< HEAD
def _can_be_told_later(chain: Chain, error: Exception) -> bool:
    outcome = chain.sweep.paths.attempt(chain.job.index, chain.attempt, "outcome")
    return isinstance(error, OSError) and error.errno in _PASSING and os.path.lexists(outcome)


def last_attempt(chain: Chain) -> int:
    """The highest number of any attempt that has left a trace; 0 before the first."""
    index = chain.job.index
    noted = (a.number for a in chain.sweep.store.record(index).attempts)
    return max([chain.attempt, chain.sweep.before.get(index, 0), *noted])


=======
>>>>>>> origin/main
def branch_name(chain: Chain) -> str:
    """sweeptree/<exp>/<slug>-<hash8>: the same for the same job of the same sweep, whenever it is made."""
    job, base = chain.job, chain.sweep.prepared.base
    seed = f"-seed{job.seed}" if job.seed is not None else ""
    slug = re.sub(r"[^A-Za-z0-9._=-]+", "-", f"{job.index}-{job.config_id}{seed}")[:60].strip("-.")
    digest = hashlib.sha256(f"{base.commit}\0{job.index}\0{job.command}".encode()).hexdigest()[:8]
    return f"sweeptree/{chain.sweep.spec.exp_name}/{slug}-{digest}"


def _put_aside(chain: Chain) -> None:
    """Move the log and metrics of an earlier attempt away, so that nothing of it is taken for this one's."""
    paths, index = chain.sweep.paths, chain.job.index
    for path, what in ((paths.log(index), "log"), (paths.metrics(index), "metrics")):
        with contextlib.suppress(FileNotFoundError):
            path.replace(paths.attempt(index, chain.attempt - 1, what))


<<<<<<< HEAD
def launch_name(chain: Chain, suffix: str) -> str:
    """exp:job.attempt@where: unlike any other launch on this machine, also of a sweep of the same name elsewhere."""
    name, where = chain.sweep.spec.exp_name, place_mark(chain.sweep.paths.root)
    return f"{name}:{chain.job.index}.{chain.attempt}@{where}{suffix}"


def place_mark(root: Path) -> str:
    """What tells the launches of a sweep at `root` from those of one of the same name elsewhere; 8 hex digits."""
    return hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
=======
def _old_worktree(chain: Chain) -> Worktree | None:
    prepared, pool = chain.sweep.prepared, chain.sweep.pool
    if pool is None:
        return worktrees.in_place(prepared.repo, prepared.base)
    place = chain.sweep.store.record(chain.job.index).worktree
    return pool.adopt(chain.job.index, Path(place) if place else None)


def _note_lost(chain: Chain, outcome: Outcome) -> None:
    """The attempt's keeper is dead and left no outcome: say so, and end what its job may have left running."""
    _end_beside(chain, ".setup")
    supervise.sweep_orphans(attempts.launch_name(chain, ""), lambda _: False)
    attempt = Attempt(number=chain.attempt, state=outcome.state, reason=outcome.reason, end_time=outcome.end_time)
    if chain.attempt in (a.number for a in chain.sweep.store.record(chain.job.index).attempts):
        chain.update(state=outcome.state, reason=outcome.reason, attempts=attempts.with_attempt(chain, attempt))


def _succeeded(sweep: Sweep, record: JobRecord) -> Outcome | None:
    number = max((attempt.number for attempt in record.attempts), default=0)
    outcome = supervise.read_outcome(sweep.paths.attempt(record.id, number, "outcome"))
    return outcome if outcome is not None and outcome.state is JobState.SUCCEEDED else None


def _end_beside(chain: Chain, suffix: str) -> None:
    """The setup or fix of an attempt whose driver died may still run: it would be in the way."""
    paths, index = chain.sweep.paths, chain.job.index
    files = (paths.attempt(index, chain.attempt, what + suffix) for what in ("alive", "outcome"))
    keeper = supervise.adopt(*files)
    keeper.kill()
    keeper.wait()
>>>>>>> origin/main


def _setup(chain: Chain) -> Outcome | None:
    command = chain.sweep.spec.setup
    if not command:
        return None
    outcome = attempts.supervised(chain, attempts.make_launch(chain, command, ".setup"))
    if outcome.state is JobState.SUCCEEDED:
        return None
    chain.setup_failed = True
    return outcome


<<<<<<< HEAD
def _launch(
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


def _supervised(chain: Chain, launch: Launch) -> Outcome:
    """Run one launch to its end; the record says `running` from the moment the command runs."""
    is_command = launch.alive.suffix == ".alive"
    if is_command and launch.slots is None:
        _record_start(chain, utc_now(), ())
    with chain.sweep.watched(supervise.start(launch)) as keeper:
        if is_command and launch.slots is not None:
            await_start(chain, keeper, launch.started)
        outcome = keeper.wait()
    if outcome is None:  # somebody killed the keeper
        supervise.sweep_orphans(launch.name, lambda _: False)
        supervise.bar(launch.alive, launch.outcome)
        return supervise.lost_outcome()
    return outcome


def await_start(chain: Chain, keeper: supervise.Keeper, started: Path) -> None:
    """Wait until the keeper holds its GPUs and has started the command, or has ended without."""
    while not started.exists():
        if keeper.wait(timeout=0.05) is not None or not keeper.is_alive():
            return
    with contextlib.suppress(RecordError):
        facts = read_json(started)
        _record_start(chain, str(facts.get("start_time") or utc_now()), tuple(facts.get("gpus") or ()))


def _record_start(chain: Chain, start_time: str, gpus: tuple[str, ...]) -> None:
    attempt = Attempt(number=chain.attempt, state=JobState.RUNNING, start_time=start_time)
    chain.update(
        state=JobState.RUNNING, start_time=start_time, end_time=None, gpus=gpus, attempts=with_attempt(chain, attempt)
    )


def record_outcome(chain: Chain, outcome: Outcome) -> Outcome:
    """Write how the attempt ended. Returns the outcome: failed when the worktree, and so its work, is gone."""
    paths, spec, index = chain.sweep.paths, chain.sweep.spec, chain.job.index
    names, notes, gone = _keep_artifacts(chain)
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
    )
    return outcome


def _keep_artifacts(chain: Chain) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Copy what the job made in its worktree; without a worktree of its own nobody knows whose file is whose.

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
    """Where the worktree will be after the job; most go back to the pool, and saying so now saves a write."""
    if chain.worktree is None:
        return None
    may_stay = chain.left_something and (outcome.state is not JobState.SUCCEEDED or chain.sweep.spec.commit_and_pr)
    return str(chain.worktree.path) if chain.sweep.pool is None or may_stay else None


=======
>>>>>>> origin/main
def _must_keep(chain: Chain) -> bool:
    if chain.has_branch:
        return True
    failed = chain.outcome is not None and chain.outcome.state is not JobState.SUCCEEDED
    return failed and chain.left_something and chain.sweep.may_keep_failed()


<<<<<<< HEAD
def with_attempt(chain: Chain, attempt: Attempt) -> tuple[Attempt, ...]:
    """The attempts of the job's record, this one added or replaced."""
    before = chain.sweep.store.record(chain.job.index).attempts
    return (*(a for a in before if a.number != attempt.number), attempt)


=======
>>>>>>> origin/main
def _notes(chain: Chain) -> tuple[str, ...]:
    return chain.sweep.store.record(chain.job.index).notes


def _fix_script(chain: Chain) -> Path | None:
    """The script as committed in the job's worktree, else as it stands in the user's repository."""
    assert chain.worktree is not None
    wanted = chain.sweep.spec.auto_fix_script
    for folder in (chain.worktree.top, chain.sweep.prepared.repo.top):
        script = folder / wanted
        if script.is_file():
            return script
    return None


def _quoted(script: Path) -> str:
    """The script as the one word of a command: run by itself when it is executable, else by sh."""
    word = "'" + str(script).replace("'", "'\\''") + "'"
    return word if os.access(script, os.X_OK) else f"sh {word}"


def _commit_message(chain: Chain) -> str:
    job, spec = chain.job, chain.sweep.spec
    seed = f" seed={job.seed}" if job.seed is not None else ""
    found = chain.record.metrics if chain.record else {}
    lines = [f"{name}: {value:g}" for name, value in sorted(found.items())[:20]]
    return worktrees.redact(
        "\n".join([f"{spec.exp_name} job {job.index}: {job.config_id}{seed}"[:120], "", job.command[:2000], "", *lines])
    )
