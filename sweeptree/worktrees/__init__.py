"""One repository's worktrees: the pinned base, clean places for jobs, what jobs changed, and their branches.

Hides git: nothing else in sweeptree runs it for worktrees or knows how a linked worktree is laid out.
"""

from sweeptree.model import Branch
from sweeptree.worktrees.admin import repair
from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.commits import Snapshot, commit_changes, snapshot
from sweeptree.worktrees.inspection import DirtyReport, inspect
from sweeptree.worktrees.needs import Need
from sweeptree.worktrees.pool import Pool
from sweeptree.worktrees.repository import Repository, find_repository, in_place, resolve_base

__all__ = [
    "Branch",
    "DirtyReport",
    "Need",
    "Pool",
    "Repository",
    "Snapshot",
    "changes",
    "commit_changes",
    "find_repository",
    "in_place",
    "inspect",
    "repair",
    "resolve_base",
    "snapshot",
]
