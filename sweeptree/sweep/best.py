"""The one pull request of a sweep's winner (`--commit_and_pr_best`)."""

from __future__ import annotations

from collections.abc import Iterator

from sweeptree.analysis.document import Document, read_document
from sweeptree.errors import SweeptreeError
from sweeptree.model import DeliveryState, JobDelivery, JobRecord
from sweeptree.publish import delivery
from sweeptree.publish.delivery import Options
from sweeptree.repository import branches
from sweeptree.sweep.branches import has_own_branch
from sweeptree.sweep.job_delivery import delivery_context, failure
from sweeptree.sweep.results import Trouble
from sweeptree.sweep.running import Sweep

STEP = "pull request of the best job"


def deliver_best(sweep: Sweep) -> delivery.Delivered | None:
    """One draft pull request with the winner's branch and the leaderboard.

    Call it after the last job: it reads aggregated.json. None: nothing was ranked, or no job of the
    winning config changed a file. The winner's record gets the pull request. Raises Refused,
    PushError, ForgeError.
    """
    document = read_document(sweep.paths)
    record = _winner(sweep, document)
    if record is None or record.git_branch is None:
        return None
    commit = branches.local_branch(sweep.prepared.repo.start, record.git_branch)
    if commit is None:
        return None
    options = _options(sweep, record, document)
    try:
        done = _publish(sweep, record.git_branch, commit, options)
    except SweeptreeError as error:
        sweep.store.update(record.id, delivery=failure(sweep.spec, Trouble(STEP, error)))
        raise
    _record_pull(sweep, record, done)
    return done


def _publish(sweep: Sweep, branch: str, commit: str, options: Options) -> delivery.Delivered:
    top = sweep.prepared.repo.start
    with sweep.gate.passing():
        return delivery.publish_commit(top, branch, commit, options, delivery_context())


def _options(sweep: Sweep, record: JobRecord, document: Document) -> Options:
    spec = sweep.spec
    return Options(
        title=f"{spec.exp_name}: {record.config_id} is best"[:120],
        evidence=delivery.winner_evidence(spec.exp_name, record, document),
        needs_forge=True,
        labels=spec.post_pr_labels,
        reviewers=spec.post_pr_reviewers,
    )


def _record_pull(sweep: Sweep, record: JobRecord, done: delivery.Delivered) -> None:
    if done.pull is None:
        return
    delivered = JobDelivery(state=DeliveryState.DELIVERED)
    sweep.store.update(
        record.id, pr_url=done.pull.url, pr_number=done.pull.number, delivery=delivered
    )


def _winner(sweep: Sweep, document: Document) -> JobRecord | None:
    """Of the config that leads, the job with the best value among those that have a branch."""
    leaders, goal = document.leaderboard, document.objective
    if not leaders or goal is None:
        return None
    found = _candidates(sweep, leaders[0])
    ranked = [(goal.cost(value), record.id) for value, record in found]
    return sweep.store.record(min(ranked)[1]) if ranked else None


def _candidates(sweep: Sweep, config_id: object) -> Iterator[tuple[float, JobRecord]]:
    for job in sweep.prepared.jobs:
        record = sweep.store.record(job.index)
        value = (record.best or {}).get("value")
        is_candidate = job.config_id == config_id and has_own_branch(record)
        if is_candidate and isinstance(value, int | float):
            yield value, record
