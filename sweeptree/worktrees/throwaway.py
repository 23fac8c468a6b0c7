"""Worktrees for a moment: a commit's files to test, and the merges that need files."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.branches import contains
from sweeptree.repository.commits import commit_tree
from sweeptree.repository.merges import Style, try_merge
from sweeptree.repository.repository import Repository, hide_from_git
from sweeptree.worktrees import administration
from sweeptree.worktrees.slot import delete_worktree

_FOLDER = "merge"


def merge_commit(
    repo: Repository, base: str, head: str, *, style: Style, message: str
) -> str | None:
    """The commit that the base would move to; None for a conflict. Makes no ref."""
    if style == "ff" or (style == "merge" and base == head):
        return head if contains(repo.start, base, head) else None
    if style == "rebase":
        return _rebased(repo, base, head)
    merged = try_merge(repo.start, base, head)
    if merged.tree is None:
        return None
    return commit_tree(
        repo.start, merged.tree, (base,) if style == "squash" else (base, head), message
    )


def _rebased(repo: Repository, base: str, head: str) -> str | None:
    if contains(repo.start, base, head):
        return head
    with throwaway(repo, head) as top:
        answer = plumbing.ask(
            top, "-c", "rebase.autoStash=false", "-c", "commit.gpgSign=false", "rebase", "-q", base
        )
        return plumbing.text(top, "rev-parse", "HEAD") if not answer.code else None


@contextlib.contextmanager
def throwaway(repo: Repository, commit: str) -> Iterator[Path]:
    """A detached worktree of a commit that is gone afterwards, with all that was left in it."""
    hide_from_git(repo)
    top = repo.wt_dir / _FOLDER / uuid.uuid4().hex[:12]
    top.parent.mkdir(parents=True, exist_ok=True)
    entry = administration.add(repo, top, commit)
    try:
        plumbing.run(top, *plumbing.CHECKOUT, "reset", "-q", "--hard", commit)
        yield top
    finally:
        delete_worktree(repo, top, entry)
        if top.exists():
            shutil.rmtree(top, ignore_errors=True)
