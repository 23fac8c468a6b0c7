"""An accepted patch as a branch and a draft pull request, through the same guards as any delivery.

Its branch is named by what it changes, so that doing it again comes to the same pull request.
"""

from __future__ import annotations

import hashlib

from sweeptree.publish.delivery import (
    Context,
    Delivered,
    Evidence,
    Options,
    find_target,
    publish_commit,
)
from sweeptree.repair.ladder import Attempt
from sweeptree.repair.proposal import RungName
from sweeptree.repair.subject import Subject
from sweeptree.repository import branches, worktree_patches

_PREFIX = "sweeptree/fix-"


def branch_of(commit: str, patch: bytes) -> str:
    """The branch that gets a patch on a commit."""
    return _PREFIX + hashlib.sha256(commit.encode() + b"\0" + patch).hexdigest()[:10]


def deliver_fix(
    subject: Subject, attempt: Attempt, page: str, remote: str, context: Context
) -> Delivered:
    """Publish a patch. Raises UsageError, Refused (a guard), PushError, ForgeError."""
    top = subject.repo.start
    branch = branch_of(subject.commit, attempt.patch)
    title = title_of(subject, attempt)
    commit = _commit(subject, attempt, branch, title)
    options = Options(
        title=title,
        note=page,
        evidence=Evidence(commit=subject.commit[:12]),
        remote=remote,
        base=subject.into,
    )
    return publish_commit(top, branch, commit, options, context)


def check_delivery(subject: Subject, remote: str, context: Context) -> tuple[str, ...]:
    """What will keep a patch from becoming a pull request, known before the tests run."""
    target = find_target(subject.repo.start, Options(remote=remote), context)
    return target.hints if target.forge is None else ()


def title_of(subject: Subject, attempt: Attempt) -> str:
    """The title of the commit and of the pull request; it says so where search found the patch."""
    how = " (found by search)" if attempt.rung is RungName.SEARCH else ""
    return f"Fix the tests of {subject.name}{how}"


def _commit(subject: Subject, attempt: Attempt, branch: str, title: str) -> str:
    """The commit of an earlier run where it holds the same, else a new one."""
    top = subject.repo.start
    message = f"{title}\n\n{attempt.note}".strip()
    commit = worktree_patches.commit_of_patch(top, subject.commit, attempt.patch, message)
    earlier = branches.last_delivery(top, branch)
    if earlier is None or branches.find_tree_id(top, earlier) != branches.tree_id(top, commit):
        return commit
    return earlier
