"""The pull request of one job: what goes in, what its body says, and what the record remembers of it.

Hides: how a job's record and those of its config's other seeds become evidence, and that without a forge or a
token the work stays on a local branch.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from sweeptree import delivery, worktrees
from sweeptree.delivery import Delivered, Options, Surroundings
from sweeptree.errors import RecordError
from sweeptree.model import Branch, JobRecord
from sweeptree.records import read_json, read_record, record_indices
from sweeptree.settings import Settings
from sweeptree.sweeps import Chain, Sweep

_MAX_SEEDS = 200


def asked_for(chain: Chain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What of the job's work goes into its branch: changed tracked files, and files it made that the spec asks for.

    Raises Refused where a guard forbids it; what is only left out is noted in the record.
    """
    assert chain.worktree is not None
    changes = worktrees.changes(chain.worktree)
    patterns = chain.sweep.spec.pr_artifacts
    made = [path for path in changes.made if any(fnmatchcase(path, pattern) for pattern in patterns)]
    if not (changes.tracked or made):
        return (), ()
    limits = worktrees.Limits()
    top, base = chain.worktree.top, chain.worktree.base_commit
    examined = worktrees.examine(top, base, tracked=changes.tracked, made=made, limits=limits).must_pass()
    note(chain, *(f"not committed: {item}" for item in examined.left_out))
    return changes.tracked, tuple(path for path in examined.paths if path not in changes.tracked)


def open_pull(chain: Chain, branch: Branch) -> Delivered:
    """Push the branch and open its draft pull request, where there is a forge and a token for it."""
    assert chain.worktree is not None
    chain.is_undelivered = True
    done = delivery.publish_commit(chain.worktree.top, branch.name, branch.commit, _options(chain), surroundings())
    chain.delivered, chain.is_undelivered = done, False
    if done.pull is None:
        note(chain, f"no pull request, only the branch {branch.name}", *done.hints)
    else:
        chain.update(pr_url=done.pull.url, pr_number=done.pull.number)
        note(chain, *done.warnings)
    return done


def deliver_best(sweep: Sweep) -> Delivered | None:
    """One draft pull request with the winner's branch and the leaderboard (`--commit_and_pr_best`).

    Call it after the last job: it reads aggregated.json. None: nothing was ranked, or no job of the winning config
    changed a file. The winner's record gets the pull request. Raises Refused, PushError, ForgeError.
    """
    document = read_json(sweep.paths.aggregated_json, limit=1024**3)
    record = _winner(sweep, document)
    if record is None or record.git_branch is None:
        return None
    top, spec = sweep.prepared.repo.start, sweep.spec
    commit = worktrees.local_branch(top, record.git_branch)
    if commit is None:
        return None
    options = Options(
        title=f"{spec.exp_name}: {record.config_id} is best"[:120],
        evidence=delivery.winner_evidence(spec.exp_name, record, document),
        needs_forge=True,
        labels=spec.post_pr_labels,
        reviewers=spec.post_pr_reviewers,
    )
    done = delivery.publish_commit(top, record.git_branch, commit, options, surroundings())
    if done.pull is not None:
        sweep.store.update(record.id, pr_url=done.pull.url, pr_number=done.pull.number)
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
    """Put the spec's labels on the job's pull request and ask its reviewers. Returns what was done."""
    assert chain.worktree is not None and chain.delivered is not None
    spec = chain.sweep.spec
    options = Options(labels=spec.post_pr_labels, reviewers=spec.post_pr_reviewers)
    chain.is_undelivered = True
    did = delivery.dress(chain.worktree.top, chain.delivered, options, surroundings())
    chain.is_undelivered = False
    return did


def how_to_finish(chain: Chain, worktree: str) -> None:
    """Note the command that finishes a delivery that failed."""
    spec, record = chain.sweep.spec, chain.sweep.store.record(chain.job.index)
    words = ["sweeptree", "pr", worktree, str(record.git_branch)]
    words += ["--labels", ",".join(spec.post_pr_labels)] if spec.post_pr_labels else []
    words += ["--reviewers", ",".join(spec.post_pr_reviewers)] if spec.post_pr_reviewers else []
    note(chain, f"to finish it: {shlex.join(words)}")


def surroundings() -> Surroundings:
    """The tokens and settings of this process."""
    return Surroundings.of(Settings(), os.environ)


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
    others = [job.index for job in chain.sweep.prepared.jobs if job.config_id == config and job is not chain.job]
    there = set(record_indices(paths)) if others else set()
    found = []
    for index in others[:_MAX_SEEDS]:
        if index in there:
            with contextlib.suppress(RecordError):
                found.append(read_record(paths.record(index)))
    return found
