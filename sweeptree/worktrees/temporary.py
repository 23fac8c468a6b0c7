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
from sweeptree.worktrees import registry
from sweeptree.worktrees.slot import delete_worktree

_FOLDER = "merge"


def merge_commit(
    repo: Repository, base: str, head: str, *, style: Style, message: str
) -> str | None:
    """The commit that the base would move to; None for a conflict. Makes no ref."""
    if style == "rebase":
        return _rebased(repo, base, head)
    is_nothing_to_merge = style == "merge" and base == head
    if style == "ff" or is_nothing_to_merge:
        return head if contains(repo.start, base, head) else None
    merged = try_merge(repo.start, base, head)
    if merged.tree is None:
        return None
    parents = (base,) if style == "squash" else (base, head)
    return commit_tree(repo.start, merged.tree, parents, message)


def _rebased(repo: Repository, base: str, head: str) -> str | None:
    if contains(repo.start, base, head):
        return head
    plain = ("-c", "rebase.autoStash=false", "-c", "commit.gpgSign=false")
    with temporary_worktree(repo, head) as top:
        answer = plumbing.ask(top, *plain, "rebase", "-q", base)
        return None if answer.code else plumbing.text(top, "rev-parse", "HEAD")


@contextlib.contextmanager
def temporary_worktree(repo: Repository, commit: str) -> Iterator[Path]:
    """A detached worktree of a commit that is gone afterwards, with all that was left in it."""
    hide_from_git(repo)
    top = repo.wt_dir / _FOLDER / uuid.uuid4().hex[:12]
    top.parent.mkdir(parents=True, exist_ok=True)
    entry = registry.add(repo, top, commit)
    try:
        plumbing.run(top, *plumbing.CHECKOUT, "reset", "-q", "--hard", commit)
        yield top
    finally:
        delete_worktree(repo, top, entry)
        if top.exists():
            shutil.rmtree(top, ignore_errors=True)
