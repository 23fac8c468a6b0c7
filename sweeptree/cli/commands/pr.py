"""`sweeptree pr`: the work in a worktree as a branch and a draft pull request."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from cyclopts import Parameter

from sweeptree import worktrees
from sweeptree.analysis.wording import file_line
from sweeptree.cli import find
from sweeptree.cli.options import FLAG, JSON
from sweeptree.cli.screens.terminal import printable, say, write_out
from sweeptree.errors import RecordError, Refused
from sweeptree.model import DeliveryState, JobDelivery, JobRecord, PullRequest
from sweeptree.model.record import RecordPart
from sweeptree.model.text import parse_words
from sweeptree.records import SweepPaths, SweepStore, read_record, record_indices
from sweeptree.repository import branches
from sweeptree.settings import Settings

if TYPE_CHECKING:
    from sweeptree.publish.delivery import Delivered, Options

_TITLE_LENGTH = 120
_HEADLINES = {
    "planned": "would",
    "no-change": "there is nothing to deliver: {branch} would hold what {base} holds",
    "local": "the work is on the local branch {branch}",
    "pushed": "{branch} is pushed; no pull request was opened",
    "opened": "opened {url}",
    "updated": "updated {url}",
    "unchanged": "nothing to do: {place} is up to date",
    "closed": "{url} with this very content was closed: it stays closed",
}


def pr(  # noqa: PLR0913 - the options of the legacy script apply_worktree_to_pr
    worktree: Path,
    branch: str,
    title: str | None = None,
    /,
    *,
    title_option: Annotated[str | None, Parameter(name="--title")] = None,
    body: str | None = None,
    base: str | None = None,
    repo: str | None = None,
    remote: str = "origin",
    labels: str | None = None,
    reviewers: str | None = None,
    draft: Annotated[bool, Parameter(negative="--no-draft")] = True,
    no_push: Annotated[bool, FLAG] = False,
    no_gh: Annotated[bool, FLAG] = False,
    allow_workflows: Annotated[bool, FLAG] = False,
    dry_run: Annotated[bool, FLAG] = False,
    results_dir: Path | None = None,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Commit the work in a worktree to a branch, push it and open a draft pull request.

    Parameters
    ----------
    worktree
        The worktree, or a folder in it. It stays as it is.
    branch
        The branch that gets the work; one with other people's commits is never overwritten.
    title
        Title of the commit and of the pull request.
    title_option
        The same, as an option.
    body
        Text for the pull request, before the generated part.
    base
        The branch to merge into; default: the remote's default branch.
    repo
        OWNER/REPO that gets the pull request; default: the remote's.
    remote
        Name of the remote to push to.
    labels
        Labels, separated by commas.
    reviewers
        People (or ORG/TEAM) to ask for a review, separated by commas.
    draft
        Open it as a draft.
    no_push
        Stop at a local branch.
    no_gh
        Stop at a pushed branch, without a pull request.
    allow_workflows
        Let files in .github/workflows be pushed.
    dry_run
        Show what would be done; no request, no ref, no object.
    results_dir
        Where results are, for the worktree of a job; default: results/ at the top of the
        repository.
    as_json
        Print one JSON document.
    """
    from sweeptree.publish.delivery import Options

    options = Options(
        title=title_option or title,
        note=body,
        base=base,
        repo=repo,
        remote=remote,
        labels=parse_words(labels or ""),
        reviewers=parse_words(reviewers or ""),
        is_draft=draft,
        push=not no_push,
        open_pr=not no_gh,
        allow_workflows=allow_workflows,
        dry_run=dry_run,
    )
    done = _deliver(worktree, branch, options, results_dir)
    _show_json(done) if as_json else _show(done)
    return 0


def _deliver(worktree: Path, branch: str, options: Options, results_dir: Path | None) -> Delivered:
    """Deliver; the kept worktree of a job has its record as evidence and gets the result in it."""
    from sweeptree.publish.delivery import Context, deliver

    context = Context.of(Settings(), os.environ)
    found = _job(worktree, results_dir)
    if found is None:
        return deliver(worktree, branch, options, context)
    paths, record = found
    done = deliver(worktree, branch, _with_evidence(options, paths, record), context)
    _record(paths, record, done.pull, _delivery_after(record, options))
    return done


def _record(
    paths: SweepPaths, record: JobRecord, pull: PullRequest | None, delivery: JobDelivery | None
) -> None:
    """Write to the job's record which pull request it has now."""
    if pull is None:
        return
    if pull.number == record.pr_number and delivery == record.delivery:
        return
    _update(paths, record.id, pr_url=pull.url, pr_number=pull.number, delivery=delivery)


def _delivery_after(record: JobRecord, options: Options) -> JobDelivery | None:
    """What the record says then of an unfinished delivery: done, if all was asked for."""
    owed = record.delivery
    if owed is None:
        return None
    has_labels = set(owed.labels) <= set(options.labels)
    has_reviewers = set(owed.reviewers) <= set(options.reviewers)
    return JobDelivery(state=DeliveryState.DELIVERED) if has_labels and has_reviewers else owed


def _job(worktree: Path, results_dir: Path | None) -> tuple[SweepPaths, JobRecord] | None:
    found = worktrees.job_of(branches.worktree_top(worktree))
    if found is None:
        return None
    exp_name, index = found
    paths = SweepPaths(find.results_dir(results_dir) / exp_name)
    try:
        return paths, read_record(paths.record(index))
    except RecordError:
        return None


def _with_evidence(options: Options, paths: SweepPaths, record: JobRecord) -> Options:
    from sweeptree.publish.delivery import job_evidence

    evidence = job_evidence(paths.root.name, record, _records(paths))
    title = options.title or f"{evidence.heading}: {record.config_id}"[:_TITLE_LENGTH]
    return replace(options, evidence=evidence, title=title)


def _records(paths: SweepPaths) -> list[JobRecord]:
    records = []
    for index in record_indices(paths):
        with contextlib.suppress(RecordError):
            records.append(read_record(paths.record(index)))
    return records


def _update(paths: SweepPaths, index: int, **part: Unpack[RecordPart]) -> None:
    from sweeptree.analysis.aggregate import aggregate

    try:
        with SweepStore.open(paths) as store:
            store.update(index, **part)
    except Refused as refusal:
        say(f"! the record does not name the pull request yet: {refusal.message}")
    else:
        aggregate(paths)


def _show(done: Delivered) -> None:
    write_out(f"{printable(_headline(done))}\n")
    for step in done.steps:
        write_out(f"  {printable(step)}\n")
    files = done.files if done.state == "planned" else ()
    for file in files:
        write_out(f"{file_line(file.path, file.added, file.removed)}\n")
    remarks = [
        *(f"! not committed: {printable(item)}" for item in done.left_out),
        *(f"! {printable(line)}" for line in done.warnings),
        *(f"  {printable(line)}" for line in done.hints),
    ]
    for line in remarks:
        say(line)


def _headline(done: Delivered) -> str:
    url = done.pull.url if done.pull else ""
    return _HEADLINES[done.state].format(
        branch=done.branch, base=done.base or "the base", url=url, place=url or done.branch
    )


def _show_json(done: Delivered) -> None:
    document: dict[str, Any] = asdict(done)
    if done.pull is not None:
        document["pull"].pop("body")
    write_out(json.dumps(document, ensure_ascii=False) + "\n")
