"""The pull request of one job: what goes in, what its body says, and what the record remembers of
it.

Hides: how a job's record and those of its config's other seeds become evidence, and that without a
forge or a token the work stays on a local branch.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sweeptree import worktrees
from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Branch, DeliveryState, JobDelivery, JobRecord, SweepSpec, Worktree
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Context, Options
from sweeptree.records import read_record, record_indices
from sweeptree.repository import guards
from sweeptree.settings import Settings
from sweeptree.sweep.branches import job_title
from sweeptree.sweep.results import Trouble
from sweeptree.sweep.running import JobContext

_MAX_SEEDS = 200
_MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class WantedFiles:
    """What goes into a job's branch: changed tracked files, and files it made that the spec asks
    for."""

    tracked: tuple[str, ...] = ()
    made: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self.tracked or self.made)


def wanted_files(job: JobContext, worktree: Worktree) -> WantedFiles:
    """What of the job's work goes into its branch.

    Raises Refused where a guard forbids it; what is only left out is noted in the record.
    """
    changes = worktrees.changes(worktree)
    made = [path for path in changes.made if is_asked_for(path, job.spec)]
    if not (changes.tracked or made):
        return WantedFiles()
    examined = guards.examine(
        worktree.top,
        worktree.base_commit,
        tracked=changes.tracked,
        made=made,
        limits=guards.Limits(),
    ).must_pass()
    note(job, *(f"not committed: {item}" for item in examined.left_out))
    note(job, *examined.warnings)
    passed = [path for path in examined.paths if path not in changes.tracked]
    return WantedFiles(changes.tracked, tuple(passed))


def is_asked_for(path: str, spec: SweepSpec) -> bool:
    """Whether a file that a job made is to go into its branch (`--pr_artifacts`)."""
    return any(fnmatchcase(path, pattern) for pattern in spec.pr_artifacts)


def open_pull(job: JobContext, branch: Branch) -> delivery.Delivered:
    """Push the branch and open its draft pull request, where a forge and a token are there."""
    top = job.sweep.prepared.repo.start
    with job.sweep.gate.passing():
        done = delivery.publish_commit(
            top, branch.name, branch.commit, _options(job), delivery_context()
        )
    _record_pull(job, branch, done)
    return done


def _record_pull(job: JobContext, branch: Branch, done: delivery.Delivered) -> None:
    if done.pull is None:
        note(job, f"no pull request, only the branch {branch.name}", *done.hints)
        reason = "; ".join(done.hints) or None
        local = JobDelivery(state=DeliveryState.LOCAL, reason=reason)
        job.store.update(job.index, delivery=local)
        return
    more_to_do = job.spec.post_pr_labels or job.spec.post_pr_reviewers
    state = DeliveryState.OPENED if more_to_do else DeliveryState.DELIVERED
    job.store.update(
        job.index,
        pr_url=done.pull.url,
        pr_number=done.pull.number,
        delivery=JobDelivery(state=state),
    )
    note(job, *done.warnings)


def record_failure(job: JobContext, trouble: Trouble) -> None:
    """The record says what is missing of a delivery and why; `resume` goes on there."""
    job.store.update(job.index, delivery=failure(job.spec, trouble))


def failure(spec: SweepSpec, trouble: Trouble) -> JobDelivery:
    """A delivery that failed, as records tell it."""
    hints = trouble.error.hint if isinstance(trouble.error, SweeptreeError) else ()
    words = "; ".join([trouble.reason, *hints]).split()
    return JobDelivery(
        state=DeliveryState.FAILED,
        step=trouble.step,
        reason=" ".join(words)[:_MAX_REASON],
        finish=f"sweeptree resume {spec.exp_name}",
        labels=spec.post_pr_labels,
        reviewers=spec.post_pr_reviewers,
    )


def label_and_ask(job: JobContext, published: delivery.Delivered) -> tuple[str, ...]:
    """Put the spec's labels on the job's pull request and ask its reviewers.

    Returns what was done.
    """
    spec = job.spec
    options = Options(labels=spec.post_pr_labels, reviewers=spec.post_pr_reviewers)
    with job.sweep.gate.passing():
        return delivery.add_labels_and_reviewers(
            job.sweep.prepared.repo.start, published, options, delivery_context()
        )


def delivery_context() -> Context:
    """The tokens and settings of this process."""
    return Context.of(Settings(), os.environ)


def note(job: JobContext, *lines: str) -> None:
    """Add lines to the record's notes, each once."""
    notes = job.record.notes
    new = [line for line in dict.fromkeys(lines) if line not in notes]
    if new:
        job.store.update(job.index, notes=(*notes, *new))


def _options(job: JobContext) -> Options:
    exp_name = job.spec.exp_name
    return Options(
        title=job_title(exp_name, job.job),
        evidence=delivery.job_evidence(exp_name, job.record, _seeds(job)),
        needs_forge=True,
    )


def _seeds(job: JobContext) -> list[JobRecord]:
    """The records of the same config's other jobs, as far as they have been run."""
    others = [
        other.index
        for other in job.sweep.prepared.jobs
        if other.config_id == job.job.config_id and other.index != job.index
    ]
    there = set(record_indices(job.paths)) if others else set()
    found = []
    for index in others[:_MAX_SEEDS]:
        if index in there:
            with contextlib.suppress(RecordError):
                found.append(read_record(job.paths.record(index)))
    return found
