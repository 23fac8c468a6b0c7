"""The stages of a job as plain functions `(job, so far) -> result`: worktree, command, fix,
delivery, labels, end.

Each stage writes its part of the record at once. A failing command is an `Outcome`; trouble of ours
(git, disk) is raised, and becomes a `Trouble` where the stage is run. The tasks are thin adaptors
of these. Hides how the core modules work together.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sweeptree import repository, worktrees
from sweeptree.errors import SweeptreeError
from sweeptree.model import (
    Branch,
    DeliveryState,
    JobDelivery,
    JobRecord,
    JobState,
    Outcome,
    Worktree,
)
from sweeptree.sweep import artifacts, attempts, job_delivery
from sweeptree.sweep.auto_fix import auto_fix
from sweeptree.sweep.branches import branch_name, commit_message
from sweeptree.sweep.launches import SETUP, Line
from sweeptree.sweep.results import (
    Delivered,
    Prepared,
    Ran,
    Reviewed,
    SoFar,
    Stage,
    Trouble,
    caught,
)
from sweeptree.sweep.running import JobContext


def prepare_worktree(job: JobContext, so_far: SoFar) -> Prepared:
    """A clean checkout of the pinned commit (or the repository itself), and the record that says
    so."""
    put_aside(job, so_far.attempt - 1)
    worktree = _checkout(job)
    with kept_on_trouble(job, worktree):
        record_plan(job, str(worktree.path), platform.node())
    return Prepared(worktree)


def _checkout(job: JobContext) -> Worktree:
    if job.sweep.pool is not None:
        return job.sweep.pool.acquire(job.index)
    return repository.in_place(job.sweep.prepared.repo, job.sweep.prepared.base)


@contextlib.contextmanager
def kept_on_trouble(job: JobContext, worktree: Worktree | None) -> Iterator[None]:
    """Give a worktree that no result will carry on back to the pool, as it is, for a look."""
    try:
        yield
    except Exception:
        give_back(job, worktree)
        raise


def give_back(job: JobContext, worktree: Worktree | None) -> Path | None:
    """Keep the worktree of a job that ends in trouble, and say where it stays; there is nobody to
    tell of more trouble."""
    if job.sweep.pool is None or worktree is None:
        return None
    with contextlib.suppress(SweeptreeError, OSError):
        return job.sweep.pool.release(worktree, keep=True, index=job.index)
    return None


def record_plan(job: JobContext, worktree: str | None, host: str | None) -> None:
    """The record of a job that is about to run: in this worktree (None: it is made there), on this
    host (None: a queue decides that later)."""
    base = job.sweep.prepared.base
    job.store.update(
        job.index,
        cmd=job.job.command,
        params=dict(job.job.params),
        seed=job.job.seed,
        config_id=job.job.config_id,
        state=JobState.PLANNED,
        log=job.paths.log(job.index).name,
        base_commit=base.commit,
        git_commit=base.commit[:12],
        git_branch=base.branch,
        host=host,
        python_version=platform.python_version(),
        worktree=worktree,
        left_in_worktree=0,
        import_path=job.sweep.prepared.editable.folders,
        exit_code=None,
        reason=None,
        artifacts=(),
        auto_fix=None,
        delivery=None,
    )


def put_aside(job: JobContext, earlier: int) -> None:
    """Move what an earlier attempt left away, so that nothing of it is taken for this one's."""
    paths, index = job.paths, job.index
    left = (
        (paths.log(index), "log"),
        (paths.metrics(index), "metrics"),
        (paths.history(index), "history"),
    )
    for path, what in left:
        with contextlib.suppress(FileNotFoundError):
            path.replace(paths.attempt(index, earlier, what))
    artifacts.put_aside(paths.artifacts(index), earlier)


def run_command(job: JobContext, so_far: SoFar) -> Ran:
    """Setup if asked for, then the command under its keeper, then what it reported and made."""
    if job.spec.setup:
        setup = attempts.supervised(job, so_far, Line(job.spec.setup, SETUP))
        if setup.state is not JobState.SUCCEEDED:
            return attempts.record_outcome(job, so_far, setup, in_setup=True)
        if job.sweep.stop.stopping.is_set():
            return attempts.record_outcome(job, so_far, _not_begun(setup))
    outcome = attempts.supervised(job, so_far, Line(job.job.command))
    return attempts.record_outcome(job, so_far, outcome)


def _not_begun(setup: Outcome) -> Outcome:
    """Of a job that has only been set up when nothing more was to start."""
    reason = "cancelled before it started"
    return replace(setup, state=JobState.CANCELLED, reason=reason, exit_code=None)


def commit_and_pr(job: JobContext, so_far: SoFar) -> Delivered | Trouble:
    """What the job changed, as a commit on a branch of its own, with a pull request where there is
    a forge.

    No branch: it changed no tracked file, nor made one that `--pr_artifacts` asks for.
    """
    branch = so_far.branch or caught("commit", lambda: _make_branch(job, so_far))
    if isinstance(branch, Trouble):
        return branch
    if branch is not None and job.spec.commit_and_pr:
        return _open_pull(job, branch)
    if job.record.delivery is not None:
        job.store.update(job.index, delivery=None)  # an earlier try had failed
    return Delivered(branch)


def _open_pull(job: JobContext, branch: Branch) -> Delivered | Trouble:
    published = caught("pull request", lambda: job_delivery.open_pull(job, branch))
    return published if isinstance(published, Trouble) else Delivered(branch, published)


def _make_branch(job: JobContext, so_far: SoFar) -> Branch | None:
    if so_far.worktree is None:
        return None
    wanted = job_delivery.wanted_files(job, so_far.worktree)
    if wanted.is_empty:
        return None
    if job.spec.commit_and_pr and not job.sweep.budgets.may_branch(job.index):
        job_delivery.note(job, f"no branch: --max_prs {job.spec.max_prs} is reached")
        return None
    exp_name, base = job.spec.exp_name, job.sweep.prepared.base
    branch = worktrees.commit_changes(
        so_far.worktree,
        branch=branch_name(exp_name, base.commit, job.job),
        message=commit_message(exp_name, job.job, job.record),
        paths=wanted.made,
    )
    job.store.update(job.index, git_branch=branch.name, git_commit=branch.commit[:12])
    return branch


def label_and_review(job: JobContext, so_far: SoFar) -> Reviewed:
    """Labels and reviewers for the job's pull request."""
    record = job.record
    asked = {"labels": list(job.spec.post_pr_labels), "reviewers": list(job.spec.post_pr_reviewers)}
    if record.pr_url is None or so_far.published is None:
        reason = f"there is no pull request, only the branch {record.git_branch}"
        job.store.update(job.index, review={**asked, "state": "none", "reason": reason})
        return Reviewed(reason)
    done = JobDelivery(state=DeliveryState.DELIVERED)
    if so_far.published.state == "closed":
        job.store.update(job.index, delivery=done)
        return Reviewed(f"{record.pr_url} was closed by people: it is left alone")
    did = job_delivery.label_and_ask(job, so_far.published)
    reason = "; ".join(did) or "nothing was missing"
    review = {**asked, "state": "asked", "reason": reason}
    job.store.update(job.index, review=review, delivery=done)
    return Reviewed(f"{record.pr_url}: {', '.join(did) or 'nothing was missing'}")


def finish(job: JobContext, so_far: SoFar) -> JobRecord:
    """The worktree goes back to the pool, or stays where its work must be kept."""
    with contextlib.suppress(OSError):
        job.paths.out(job.index).rmdir()  # made for $SWEEPTREE_OUT; goes when it stayed empty
    if job.sweep.pool is not None and so_far.worktree is not None:
        keep = _must_keep(job, so_far)
        kept = job.sweep.pool.release(so_far.worktree, keep=keep, index=job.index)
        where = str(kept) if kept else None
        if job.record.worktree != where:
            job.store.update(job.index, worktree=where)
    return job.record


def _must_keep(job: JobContext, so_far: SoFar) -> bool:
    if so_far.branch is not None or so_far.keep:
        return True
    has_failed = so_far.outcome is not None and not so_far.has_succeeded
    return has_failed and so_far.left_work and job.sweep.budgets.may_keep_failed()


CREATE_WORKTREE = Stage("create-worktree", "worktree", prepare_worktree, opens=True)
RUN_COMMAND = Stage("run-command", "command", run_command, title="run")
AUTO_FIX = Stage("auto-fix", "auto-fix", auto_fix)
COMMIT_AND_PR = Stage("commit-and-pr", "commit", commit_and_pr, title="commit and PR")
LABEL_AND_REVIEW = Stage("label-and-review", "labels and reviewers", label_and_review)
