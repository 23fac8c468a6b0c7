"""Whether a branch that somebody has checked out can move: what of their work stands in the way.

Hides: that git overwrites ignored files without a word when a branch moves forward under them.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from sweeptree.errors import Refused
from sweeptree.repository import branches, plumbing
from sweeptree.repository.repository import Repository


def check_free(repo: Repository, branch: str, tip: str, tree: str) -> None:
    """Raise Refused where the worktree on `branch` keeps it from moving from `tip` to `tree`.

    In its way are changes that are not committed, and files that git does not know where the tree
    has a new one.
    """
    there = branches.checkouts(repo.start).get(branch)
    if there is None:
        return
    if plumbing.run(there, "status", "--porcelain", "--untracked-files=no"):
        raise Refused(
            f"{there} is on {branch} and has changes",
            hint=f"git -C {there} status   then commit or stash",
        )
    for path in _new_files(repo, tip, tree):
        if _is_in_the_way(there, path):
            raise Refused(
                f"{there} is on {branch} and has a file of its own at {path}, which the merge adds",
                hint="move it elsewhere, then try again",
            )


def _new_files(repo: Repository, tip: str, tree: str) -> list[str]:
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", tip, tree)
    return plumbing.names(plumbing.run(repo.start, *words))


def _is_in_the_way(there: Path, path: str) -> bool:
    """True for anything at the path itself, and for a plain file where it needs a folder."""
    if os.path.lexists(there / path):
        return True
    return any(_is_file(there / folder) for folder in PurePosixPath(path).parents)


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()
