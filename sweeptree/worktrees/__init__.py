"""One repository's worktrees: the pinned base, clean places for jobs, what jobs changed, and their branches.

Hides git: nothing else in sweeptree runs it for worktrees or knows how a linked worktree is laid out.
"""

from sweeptree.model import Branch
from sweeptree.worktrees.admin import repair
from sweeptree.worktrees.branches import (
    check_branch_name,
    contains,
    find_tree,
    held,
    hold,
    local_branch,
    tree_of,
    worktree_top,
)
from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.commits import Snapshot, snapshot
from sweeptree.worktrees.contents import Contents, commit_contents, job_of, read_contents
from sweeptree.worktrees.differences import FileChange, lines_between
from sweeptree.worktrees.guards import Examined, LeftOut, Limits, examine, examine_commits, size_of
from sweeptree.worktrees.history import commits_between
from sweeptree.worktrees.inspection import DirtyReport, inspect
from sweeptree.worktrees.job_branch import commit_changes
from sweeptree.worktrees.leaks import redact
from sweeptree.worktrees.merges import (
    Merged,
    Style,
    advance,
    brought,
    commit_of,
    passing_refs,
    patch,
    sole_merger,
    try_merge,
)
from sweeptree.worktrees.needs import Need
from sweeptree.worktrees.pool import Pool
from sweeptree.worktrees.remotes import (
    Remote,
    Tips,
    default_branch,
    fetch,
    push,
    push_forward,
    push_url,
    tips,
    tracked_tip,
)
from sweeptree.worktrees.repository import Repository, find_repository, in_place, resolve_base
from sweeptree.worktrees.throwaway import merge_commit, throwaway

__all__ = [
    "Branch",
    "Contents",
    "DirtyReport",
    "Examined",
    "FileChange",
    "LeftOut",
    "Limits",
    "Merged",
    "Need",
    "Pool",
    "Remote",
    "Repository",
    "Snapshot",
    "Style",
    "Tips",
    "advance",
    "brought",
    "changes",
    "check_branch_name",
    "commit_changes",
    "commit_contents",
    "commit_of",
    "commits_between",
    "contains",
    "default_branch",
    "examine",
    "examine_commits",
    "fetch",
    "find_repository",
    "find_tree",
    "held",
    "hold",
    "in_place",
    "inspect",
    "job_of",
    "lines_between",
    "local_branch",
    "merge_commit",
    "passing_refs",
    "patch",
    "push",
    "push_forward",
    "push_url",
    "read_contents",
    "redact",
    "repair",
    "resolve_base",
    "size_of",
    "snapshot",
    "sole_merger",
    "throwaway",
    "tips",
    "tracked_tip",
    "tree_of",
    "try_merge",
    "worktree_top",
]
