"""The pull request of one job: what goes in, what its body says, and what the record remembers of
it.

Hides: how a job's record and those of its config's other seeds become evidence, and that without a
forge or a token the work stays on a local branch.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from sweeptree import worktrees
from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.model import Branch, JobDelivery, JobRecord, JobState, SweepSpec
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Context, Delivered, Options
from sweeptree.records import MAX_SWEEP_BYTES, read_json, read_record, record_indices
from sweeptree.repository import branches, guards
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import Prepared
from sweeptree.sweep.running import Chain, Sweep

_MAX_SEEDS = 200


def asked_for(chain: Chain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What of the job's work goes into its branch: changed tracked files, and files it made that
    the spec asks for.

    Raises Refused where a guard forbids it; what is only left out is noted in the record.
    """
    assert chain.worktree is not None
    changes = worktrees.changes(chain.worktree)
    patterns = chain.sweep.spec.pr_artifacts
    made = [
        path for path in changes.made if any(fnmatchcase(path, pattern) for pattern in patterns)
    ]
    if not (changes.tracked or made):
        return (), ()
    limits = guards.Limits()
    top, base = chain.worktree.top, chain.worktree.base_commit
    examined = guards.examine(
        top, base, tracked=changes.tracked, made=made, limits=limits
    ).must_pass()
    note(chain, *(f"not committed: {item}" for item in examined.left_out))
    return changes.tracked, tuple(path for path in examined.paths if path not in changes.tracked)


def open_pull(chain: Chain, branch: Branch) -> Delivered:
    """Push the branch and open its draft pull request, where there is a forge and a token for it."""
    chain.owes = "pull request"
    top, spec = chain.sweep.prepared.repo.start, chain.sweep.spec
    with chain.sweep.gate.passing():
        done = delivery.publish_commit(
            top, branch.name, branch.commit, _options(chain), delivery_context()
        )
    chain.delivered, chain.owes = done, None
    if done.pull is None:
        note(chain, f"no pull request, only the branch {branch.name}", *done.hints)
        chain.update(delivery=JobDelivery(state="local", reason="; ".join(done.hints) or None))
    else:
        more = spec.post_pr_labels or spec.post_pr_reviewers
        state = JobDelivery(state="opened" if more else "delivered")
        chain.update(pr_url=done.pull.url, pr_number=done.pull.number, delivery=state)
        note(chain, *done.warnings)
    return done


def failed(chain: Chain, error: Exception) -> None:
    """The record says what is missing of a delivery and why; `resume` goes on there."""
    chain.sweep.delivery_failed = True
    chain.update(delivery=_failure(chain.sweep.spec, chain.owes or "commit", error))


def _failure(spec: SweepSpec, step: str, error: Exception) -> JobDelivery:
    words = (
        [error.message, *error.hint]
        if isinstance(error, SweeptreeError)
        else [f"{type(error).__name__}: {error}"]
    )
    return JobDelivery(
        state="failed",
        step=step,
        reason=" ".join("; ".join(words).split())[:1000],
        finish=f"sweeptree resume {spec.exp_name}",
        labels=spec.post_pr_labels,
        reviewers=spec.post_pr_reviewers,
    )


def owed(prepared: Prepared, records: Iterable[JobRecord]) -> tuple[int, ...]:
    """The jobs whose branch, pull request, labels or reviewers an earlier run could not deliver.

    Makes no request.

    A branch without a forge to tell is owed once there is one. The best job's pull request is not
    meant here: it is looked after at the end of each run.
    """
    spec = prepared.spec
    found = [
        record
        for record in records
        if record.delivery is not None and record.state is JobState.SUCCEEDED
    ]
    ways = {_way(spec, record.delivery) for record in found if record.delivery}
    wanted = {"owed"} | (
        {"local"} if "local" in ways and _has_forge(prepared.repo.start) else set()
    )
    return tuple(
        record.id for record in found if record.delivery and _way(spec, record.delivery) in wanted
    )


def _way(spec: SweepSpec, found: JobDelivery) -> Literal["owed", "local", "done"]:
    if found.step == "commit":
        return "owed" if spec.commit_and_pr or spec.commit_and_pr_best else "done"
    if not spec.commit_and_pr or found.state == "delivered":
        return "done"
    return "local" if found.state == "local" else "owed"


def _has_forge(top: Path) -> bool:
    try:
        return delivery.find_target(top, Options(), delivery_context()).forge is not None
    except SweeptreeError:  # a token that cannot be one: whoever needs it will say so
        return False


def made_branch(chain: Chain) -> Branch | None:
    """The branch that an earlier run made of the job's work, None where there is none (any more)."""
    name, top = (
        chain.sweep.store.record(chain.job.index).git_branch or "",
        chain.sweep.prepared.repo.start,
    )
    if not name.startswith("sweeptree/"):
        return None
    commit = branches.local_branch(top, name) or branches.last_delivery(top, name)
    return Branch(name, commit) if commit else None


def deliver_best(sweep: Sweep) -> Delivered | None:
    """One draft pull request with the winner's branch and the leaderboard (`--commit_and_pr_best`).

    Call it after the last job: it reads aggregated.json. None: nothing was ranked, or no job of the
    winning config changed a file. The winner's record gets the pull request. Raises Refused,
    PushError, ForgeError.
    """
    document = read_json(sweep.paths.aggregated_json, limit=MAX_SWEEP_BYTES)
    record = _winner(sweep, document)
    if record is None or record.git_branch is None:
        return None
    top, spec = sweep.prepared.repo.start, sweep.spec
    commit = branches.local_branch(top, record.git_branch)
    if commit is None:
        return None
    options = Options(
        title=f"{spec.exp_name}: {record.config_id} is best"[:120],
        evidence=delivery.winner_evidence(spec.exp_name, record, document),
        needs_forge=True,
        labels=spec.post_pr_labels,
        reviewers=spec.post_pr_reviewers,
    )
    try:
        with sweep.gate.passing():
            done = delivery.publish_commit(
                top, record.git_branch, commit, options, delivery_context()
            )
    except SweeptreeError as error:
        sweep.store.update(
            record.id, delivery=_failure(spec, "pull request of the best job", error)
        )
        raise
    if done.pull is not None:
        state = JobDelivery(state="delivered")
        sweep.store.update(
            record.id, pr_url=done.pull.url, pr_number=done.pull.number, delivery=state
        )
    return done


def _winner(sweep: Sweep, document: Mapping[str, Any]) -> JobRecord | None:
    """Of the config that leads, the job with the best value among those that have a branch."""
    leaders = document.get("leaderboard") or ()
    goal = str((document.get("objective") or {}).get("goal"))
    found = [
        (value if goal == "min" else -value, record.id, record)
        for job in sweep.prepared.jobs
        if leaders and job.config_id == leaders[0]
        for record in (sweep.store.record(job.index),)
        if (record.git_branch or "").startswith("sweeptree/")
        and isinstance(value := (record.best or {}).get("value"), int | float)
    ]
    return min(found)[2] if found else None


def label_and_ask(chain: Chain) -> tuple[str, ...]:
    """Put the spec's labels on the job's pull request and ask its reviewers.

    Returns what was done.
    """
    assert chain.delivered is not None
    spec = chain.sweep.spec
    options = Options(labels=spec.post_pr_labels, reviewers=spec.post_pr_reviewers)
    chain.owes = "labels and reviewers"
    with chain.sweep.gate.passing():
        did = delivery.add_labels_and_reviewers(
            chain.sweep.prepared.repo.start, chain.delivered, options, delivery_context()
        )
    chain.owes = None
    return did


def delivery_context() -> Context:
    """The tokens and settings of this process."""
    return Context.of(Settings(), os.environ)


def note(chain: Chain, *lines: str) -> None:
    """Add lines to the record's notes, each once."""
    notes = chain.sweep.store.record(chain.job.index).notes
    new = tuple(line for line in dict.fromkeys(lines) if line not in notes)
    if new:
        chain.update(notes=(*notes, *new))


def _options(chain: Chain) -> Options:
    spec, record = chain.sweep.spec, chain.sweep.store.record(chain.job.index)
    seed = f" seed={chain.job.seed}" if chain.job.seed is not None else ""
    return Options(
        title=f"{spec.exp_name} job {chain.job.index}: {chain.job.config_id}{seed}"[:120],
        evidence=delivery.job_evidence(spec.exp_name, record, _seeds(chain)),
        needs_forge=True,
    )


def _seeds(chain: Chain) -> list[JobRecord]:
    """The records of the same config's other jobs, as far as they have been run."""
    paths, config = chain.sweep.paths, chain.job.config_id
    others = [
        job.index
        for job in chain.sweep.prepared.jobs
        if job.config_id == config and job is not chain.job
    ]
    there = set(record_indices(paths)) if others else set()
    found = []
    for index in others[:_MAX_SEEDS]:
        if index in there:
            with contextlib.suppress(RecordError):
                found.append(read_record(paths.record(index)))
    return found
