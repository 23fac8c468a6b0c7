"""Merge the branch of a worktree into a local base, without any forge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeptree import repository, worktrees
from sweeptree.errors import Refused, UsageError
from sweeptree.publish.merging.decide import MergeCase, NotLanded, decide
from sweeptree.publish.merging.values import MergeDecision, MergeOptions, MergeState
from sweeptree.repository import Repository, base_checkout, branches, guards, merges, remotes
from sweeptree.worktrees import Contents


@dataclass(frozen=True, slots=True)
class LocalBase:
    """A local branch, with the files of the worktree that is on it."""

    repo: Repository
    branch: str

    def tip(self) -> str:
        """Its newest commit. Raises UsageError when there is no such branch."""
        found = branches.local_branch(self.repo.start, self.branch)
        if found is None:
            hint = "git branch shows the branches"
            raise UsageError(f"there is no branch {self.branch}", hint=hint)
        return found

    def check_landing(self, tip: str, tree: str) -> None:
        """Raise Refused where the worktree that is on it has work in the way."""
        base_checkout.check_free(self.repo, self.branch, tip, tree)

    def report_tests(self, decision: MergeDecision) -> MergeDecision:
        """There is nobody to be told."""
        return decision

    def land(self, commit: str, tip: str) -> str:
        """Move it, together with the files."""
        merges.advance(self.repo, self.branch, commit, old=tip)
        return commit


def merge_worktree(worktree: Path, options: MergeOptions) -> MergeDecision:
    """Merge the branch of a worktree into a local base.

    Raises Refused, UsageError, PushError, GitError.
    """
    repo = repository.find_repository(worktree)
    head = repository.resolve_base(repo, "HEAD").commit
    contents = worktrees.read_contents(repo.start, guards.Limits(allow_workflows=True))
    _must_be_committed(contents)
    base = _base(repo, contents, options)
    subject = contents.branch or head[:12]
    case = MergeCase(
        repo=repo,
        options=options,
        blank=MergeDecision(MergeState.PLANNED, subject, base, head=head),
        message=f"Merge {subject} into {base}",
        base=LocalBase(repo, base),
    )
    with merges.merge_lock(repo, base):
        try:
            return decide(case)
        except NotLanded as stuck:
            raise stuck.error from stuck


def _must_be_committed(contents: Contents) -> None:
    if contents.examined.paths:
        first = ", ".join(contents.examined.paths[:3])
        raise Refused(
            f"{contents.top} has changes that are not committed: {first}",
            hint="commit them, then try again",
        )


def _base(repo: Repository, contents: Contents, options: MergeOptions) -> str:
    base = options.base or remotes.default_branch(repo.start, options.remote) or _main_branch(repo)
    if base == contents.branch:
        raise UsageError(
            f"{repo.start} is on {base} itself",
            hint="name the base with --base, or another worktree",
        )
    return base


def _main_branch(repo: Repository) -> str:
    for name in ("main", "master"):
        if branches.local_branch(repo.start, name):
            return name
    raise UsageError("it is not clear what to merge into", hint="name the base with --base")
