"""Clean places for jobs, what jobs changed in them, and any worktree's content as a commit.

Hides how a linked worktree is laid out, how one is reused, and what becomes of one that cannot be
trusted.
"""

from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.contents import Contents, commit_contents, job_of, read_contents
from sweeptree.worktrees.environments import links_with_environments, named_environments
from sweeptree.worktrees.inspection import DirtyReport, absolute_notes, inspect
from sweeptree.worktrees.job_branch import commit_changes
from sweeptree.worktrees.leftovers import kept_place, leftover_slots
from sweeptree.worktrees.pool import Pool
from sweeptree.worktrees.repair import repair
from sweeptree.worktrees.temporary import (
    abandoned,
    files_beside,
    merge_commit,
    temporary_worktree,
)

__all__ = [
    "Contents",
    "DirtyReport",
    "Pool",
    "abandoned",
    "absolute_notes",
    "changes",
    "commit_changes",
    "commit_contents",
    "files_beside",
    "inspect",
    "job_of",
    "kept_place",
    "leftover_slots",
    "links_with_environments",
    "merge_commit",
    "named_environments",
    "read_contents",
    "repair",
    "temporary_worktree",
]
