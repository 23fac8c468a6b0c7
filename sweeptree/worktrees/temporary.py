"""Worktrees for a moment: a commit's files to test, and the merges that need files."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from sweeptree.errors import SweeptreeError
from sweeptree.repository import plumbing
from sweeptree.repository.branches import contains
from sweeptree.repository.commits import commit_tree
from sweeptree.repository.merges import Style, try_merge
from sweeptree.repository.repository import Repository, hide_from_git
from sweeptree.system import locks
from sweeptree.worktrees import registry
from sweeptree.worktrees.leftovers import is_occupied, processes_in
from sweeptree.worktrees.slot import delete_worktree
from sweeptree.worktrees.tree import remove_tree

_FOLDER = "merge"
_COOKIE = b"SWEEPTREE_COOKIE="
_PATIENCE = 5.0


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
    """A detached worktree of a commit that is gone afterwards, with all that was left in it.

    Those of commands that were killed are cleared away first.
    """
    hide_from_git(repo)
    _clear_abandoned(repo)
    top = repo.wt_dir / _FOLDER / uuid.uuid4().hex[:12]
    top.parent.mkdir(parents=True, exist_ok=True)
    with _in_use(top):
        entry = registry.add(repo, top, commit)
        try:
            plumbing.run(top, *plumbing.CHECKOUT, "reset", "-q", "--hard", commit)
            yield top
        finally:
            remove_tree(files_beside(top))
            delete_worktree(repo, top, entry)
            if top.exists():
                shutil.rmtree(top, ignore_errors=True)


@contextlib.contextmanager
def _in_use(top: Path) -> Iterator[None]:
    """A lock beside the worktree, which ends with this process however it ends."""
    file = locks.take(_lock_file(top), mode=0o600)
    try:
        yield
    finally:
        _lock_file(top).unlink(missing_ok=True)
        os.close(file)


def _lock_file(top: Path) -> Path:
    return top.with_name(f".{top.name}.lock")


def files_beside(top: Path) -> Path:
    """The folder for the log and the like of what is done in such a worktree; it goes with it."""
    return top.with_name(f".{top.name}.files")


def is_abandoned(repo: Repository, top: Path) -> bool:
    """Whether this is a worktree for a moment whose command was killed."""
    is_ours = top.parent == repo.wt_dir / _FOLDER and top.is_dir() and top.name[0] != "."
    return is_ours and not locks.is_held(_lock_file(top))


def abandoned(repo: Repository) -> list[str]:
    """The names of worktrees for a moment whose command was killed."""
    found = sorted((repo.wt_dir / _FOLDER).glob("*"))
    return [f"{_FOLDER}/{top.name}" for top in found if is_abandoned(repo, top)]


def _clear_abandoned(repo: Repository) -> None:
    """What cannot be cleared away stays for `repair`: it is no reason not to go on."""
    if not abandoned(repo):
        return
    with (
        contextlib.suppress(SweeptreeError, OSError),
        plumbing.worktrees_lock(repo.common_dir),
    ):
        entries = {entry.checkout: entry for entry in registry.our_entries(repo)}
        for name in abandoned(repo):
            top = repo.wt_dir / name
            _clear(repo, top, entries.get(top))


def _clear(repo: Repository, top: Path, entry: registry.Entry | None) -> None:
    is_being_made = entry is not None and entry.lock is not None
    if is_being_made or not end_abandoned(top):
        return
    if entry is not None:
        registry.drop(repo, entry.folder)


def end_abandoned(top: Path) -> bool:
    """End the tests that run on in such a worktree, and delete its files; False while somebody else
    is in it."""
    deadline = time.monotonic() + _PATIENCE
    while (running := _tests_in(top)) and time.monotonic() < deadline:
        for process in running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL)
        time.sleep(0.02)
    if is_occupied(top):
        return False
    remove_tree(files_beside(top))
    remove_tree(top)
    _lock_file(top).unlink(missing_ok=True)
    return True


def _tests_in(top: Path) -> list[Path]:
    return [process for process in processes_in(top) if _has_cookie(process)]


def _has_cookie(process: Path) -> bool:
    """Only what a keeper started: a person's shell in the folder is none of our business."""
    try:
        return _COOKIE in (process / "environ").read_bytes()
    except OSError:
        return False
