"""A job's life as plain functions: worktree, setup, command, fix, commit.

The tasks are thin adaptors of these.

Each stage writes its part of the record at once. A failing command is an `Outcome`; trouble of ours
(git, disk) ends the job as failed with the reason, and never the sweep. Hides how the core modules
work together.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
from pathlib import Path

from sweeptree import model, repository, worktrees
from sweeptree.errors import SweeptreeError
from sweeptree.model import Attempt, JobDelivery, JobRecord, JobState, Outcome, Worktree
from sweeptree.repository import leaks
from sweeptree.sweep import attempts, job_delivery
from sweeptree.sweep.running import Chain
from sweeptree.system.clock import utc_now

FIX_TIMEOUT = 900.0
_PASSING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def prepare_worktree(chain: Chain) -> Worktree:
    """Stage 1: a clean checkout of the pinned commit (or the repository itself), and the record
    that says so."""
    chain.attempt = attempts.last_attempt(chain) + 1
    chain.tries += 1
    chain.setup_failed = chain.left_something = False
    _put_aside(chain)
    sweep, prepared, job = chain.sweep, chain.sweep.prepared, chain.job
    chain.worktree = (
        sweep.pool.acquire(job.index)
        if sweep.pool
        else repository.in_place(prepared.repo, prepared.base)
    )
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
        delivery=None,
    )
    return chain.worktree


def run_command(chain: Chain) -> Outcome:
    """Stage 2: setup if asked for, then the command under its keeper, then what it reported and
    made."""
    outcome = _setup(chain)
    if outcome is None:
        outcome = attempts.supervised(
            chain, attempts.make_launch(chain, chain.job.command, "", slots=True)
        )
    chain.outcome = outcome
    chain.judge_cause()
    return attempts.record_outcome(chain, outcome)


def auto_fix(chain: Chain) -> Outcome | None:
    """Stage 3: the auto-fix script in the job's worktree.

    Its failure is recorded and stops nothing.
    """
    script = _fix_script(chain)
    if script is None:
        chain.update(
            auto_fix={
                "script": str(chain.sweep.spec.auto_fix_script),
                "reason": "there is no such script",
            }
        )
        return None
    log = chain.sweep.paths.root / f"job_{chain.job.index}.fix.log"
    launch = attempts.make_launch(
        chain, f"exec {_quoted(script)}", ".fix", log=log, timeout=FIX_TIMEOUT
    )
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


def commit(chain: Chain) -> model.Branch | None:
    """Stage 4: what the job changed, as a commit on a branch of its own, with a pull request where
    there is a forge.

    None: it changed no tracked file, nor made one that `--pr_artifacts` asks for.
    """
    if chain.branch is None:
        chain.owes = "commit"
        chain.branch = _new_branch(chain)
        chain.owes = None
    if chain.branch is not None and chain.sweep.spec.commit_and_pr:
        job_delivery.open_pull(chain, chain.branch)
    elif chain.sweep.store.record(chain.job.index).delivery is not None:
        chain.update(delivery=None)  # an earlier try had failed
    return chain.branch


def _new_branch(chain: Chain) -> model.Branch | None:
    if chain.worktree is None:
        return None
    tracked, made = job_delivery.asked_for(chain)
    if not (tracked or made):
        return None
    if chain.sweep.spec.commit_and_pr and not chain.sweep.may_branch(chain.job.index):
        job_delivery.note(chain, f"no branch: --max_prs {chain.sweep.spec.max_prs} is reached")
        return None
    branch = worktrees.commit_changes(
        chain.worktree, branch=branch_name(chain), message=_commit_message(chain), paths=made
    )
    chain.update(git_branch=branch.name, git_commit=branch.commit[:12])
    return branch


def label_and_review(chain: Chain) -> str:
    """Stage 5: labels and reviewers for the job's pull request.

    Says what was done, or why there was nothing to do.
    """
    spec, record = chain.sweep.spec, chain.sweep.store.record(chain.job.index)
    wanted = {"labels": list(spec.post_pr_labels), "reviewers": list(spec.post_pr_reviewers)}
    if record.pr_url is None:
        reason = f"there is no pull request, only the branch {record.git_branch}"
        chain.update(review={**wanted, "state": "none", "reason": reason})
        return reason
    if chain.delivered is not None and chain.delivered.state == "closed":
        chain.update(delivery=JobDelivery(state="delivered"))
        return f"{record.pr_url} was closed by people: it is left alone"
    did = job_delivery.label_and_ask(chain)
    review = {**wanted, "state": "asked", "reason": "; ".join(did) or "nothing was missing"}
    chain.update(review=review, delivery=JobDelivery(state="delivered"))
    return f"{record.pr_url}: {', '.join(did) or 'nothing was missing'}"


def finish(chain: Chain) -> JobRecord:
    """Last: the worktree goes back to the pool, or stays where its work must be kept."""
    sweep, worktree = chain.sweep, chain.worktree
    chain.worktree = None
    with contextlib.suppress(OSError):
        sweep.paths.out(
            chain.job.index
        ).rmdir()  # made for $SWEEPTREE_OUT; goes again when it stayed empty
    if sweep.pool is not None and worktree is not None:
        kept = sweep.pool.release(worktree, keep=_must_keep(chain), index=chain.job.index)
        where = str(kept) if kept else None
        if chain.record is None or chain.record.worktree != where:
            chain.update(worktree=where)
    return chain.record or sweep.store.record(chain.job.index)


def give_up(chain: Chain, error: Exception) -> JobRecord:
    """Trouble of ours ended the job: the record says so, and the worktree is kept for a look.

    How the command itself ended stays as it was told. Where it could not be told for want of room
    or of file handles, the attempt stays open on disk, so that `resume` takes its outcome instead
    of running it again.
    """
    reason = (
        error.message if isinstance(error, SweeptreeError) else f"{type(error).__name__}: {error}"
    )
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
            attempts=attempts.with_attempt(chain, attempt),
        )
    if chain.record is None or chain.record.state != JobState.FAILED:
        chain.record = JobRecord(
            id=chain.job.index, cmd=chain.job.command, state=JobState.FAILED, reason=reason
        )
    return chain.record


def _can_be_told_later(chain: Chain, error: Exception) -> bool:
    outcome = chain.sweep.paths.attempt(chain.job.index, chain.attempt, "outcome")
    return isinstance(error, OSError) and error.errno in _PASSING and os.path.lexists(outcome)


def branch_name(chain: Chain) -> str:
    """sweeptree/<exp>/<slug>-<hash8>: the same for the same job of the same sweep, whenever it is
    made."""
    job, base = chain.job, chain.sweep.prepared.base
    seed = f"-seed{job.seed}" if job.seed is not None else ""
    slug = re.sub(r"[^A-Za-z0-9._=-]+", "-", f"{job.index}-{job.config_id}{seed}")[:60].strip("-.")
    digest = hashlib.sha256(f"{base.commit}\0{job.index}\0{job.command}".encode()).hexdigest()[:8]
    return f"sweeptree/{chain.sweep.spec.exp_name}/{slug}-{digest}"


def _put_aside(chain: Chain) -> None:
    """Move the log and metrics of an earlier attempt away, so that nothing of it is taken for this
    one's."""
    paths, index = chain.sweep.paths, chain.job.index
    for path, what in ((paths.log(index), "log"), (paths.metrics(index), "metrics")):
        with contextlib.suppress(FileNotFoundError):
            path.replace(paths.attempt(index, chain.attempt - 1, what))


def _setup(chain: Chain) -> Outcome | None:
    command = chain.sweep.spec.setup
    if not command:
        return None
    outcome = attempts.supervised(chain, attempts.make_launch(chain, command, ".setup"))
    if outcome.state is JobState.SUCCEEDED:
        return None
    chain.setup_failed = True
    return outcome


def _must_keep(chain: Chain) -> bool:
    if chain.branch is not None or chain.owes is not None or chain.job.index in chain.sweep.owed:
        return True
    failed = chain.outcome is not None and chain.outcome.state is not JobState.SUCCEEDED
    return failed and chain.left_something and chain.sweep.may_keep_failed()


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
    return leaks.redact(
        "\n".join(
            [
                f"{spec.exp_name} job {job.index}: {job.config_id}{seed}"[:120],
                "",
                job.command[:2000],
                "",
                *lines,
            ]
        )
    )
