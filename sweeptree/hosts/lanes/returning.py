"""Keeps what a job changed as a commit in the host's repository, until the driver has it."""

from __future__ import annotations

from dataclasses import dataclass

from sweeptree.hosts.back.commits import Kept, keep_for_return, quarantine_ref
from sweeptree.hosts.lanes.attempt import KeepContent
from sweeptree.repository import Repository
from sweeptree.repository.branches import commit_of
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.running import JobContext


@dataclass(frozen=True, slots=True)
class _Keeper:
    sweep_id: str
    repo: Repository

    def keep(self, job: JobContext, came: SoFar) -> Kept | None:
        """The commit of the present attempt; without its worktree, the one that was made before."""
        ref = quarantine_ref(self.sweep_id, job.index, came.attempt)
        if came.worktree is not None:
            return keep_for_return(came.worktree, ref)
        commit = commit_of(self.repo.start, ref)
        return Kept(commit) if commit else None


def content_keeper(sweep_id: str, repo: Repository) -> KeepContent:
    """Keeps the content of jobs of this sweep in its repository on the host."""
    return _Keeper(sweep_id, repo).keep
