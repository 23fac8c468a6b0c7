"""Clears away what killed commands left of our own worktrees.

Hides: how a half-made, half-moved or half-removed worktree is recognised in git's books. Worktrees
of others, and ours that hold files somebody may want, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from sweeptree.repository import kept_pack, plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry, saved_commits
from sweeptree.worktrees.registry import Entry
from sweeptree.worktrees.saved_index import save_index
from sweeptree.worktrees.temporary import end_abandoned, is_abandoned
from sweeptree.worktrees.tree import remove_tree

Found = TypeVar("Found")


def repair(repo: Repository) -> list[str]:
    """Clear away what killed commands left; returns what was done, one sentence each."""
    if not repo.wt_dir.is_dir():
        return []
    with plumbing.worktrees_lock(repo.common_dir):
        return [
            *_each(registry.entries(repo), lambda entry: _repair_empty(repo, entry)),
            *_each(registry.our_entries(repo), lambda entry: _repair_entry(repo, entry)),
            *_each(list(repo.common_dir.glob(f"{registry.TRASH}*")), _remove_trash),
            *_each(_unregistered_folders(repo), _repair_folder),
            *(f"gave {pack} free for gc" for pack in kept_pack.forget_stale(repo.common_dir)),
        ]


def _each(found: Iterable[Found], step: Callable[[Found], str | None]) -> list[str]:
    sentences = [step(one) for one in found]
    return [sentence for sentence in sentences if sentence]


def _repair_empty(repo: Repository, entry: Entry) -> str | None:
    """A power cut may leave an entry's files empty; git then fails in the whole repository."""
    if not entry.folder.name.startswith("slot_") or entry.lock is not None:
        return None
    if entry.checkout is None:
        registry.drop(repo, entry.folder)
        return f"removed git's empty entry {entry.folder.name}"
    common = entry.folder / "commondir"
    if entry.checkout.is_relative_to(repo.wt_dir) and not registry.read(common):
        common.write_text("../..\n")
        return f"wrote the lost link of git's entry {entry.folder.name} again"
    return None


def _repair_entry(repo: Repository, entry: Entry) -> str | None:
    checkout = entry.checkout
    assert checkout is not None
    if entry.lock == registry.MOVING:
        return end_move(entry, checkout)
    if entry.lock == registry.INITIALIZING:
        remove_tree(checkout)
        registry.drop(repo, entry.folder)
        return f"removed the half-made worktree {checkout}"
    if entry.lock is not None:
        return None
    if not checkout.exists():
        return _forget_deleted(repo, entry, checkout)
    if is_abandoned(repo, checkout):
        return _end_abandoned(repo, entry, checkout)
    if not entry.has_head:
        return f"left {checkout} alone: its HEAD cannot be read, but it holds files"
    return None


def _end_abandoned(repo: Repository, entry: Entry, checkout: Path) -> str:
    if not end_abandoned(checkout):
        return f"left {checkout} alone: a process runs in it"
    registry.drop(repo, entry.folder)
    return f"removed the worktree {checkout}, whose command was killed"


def end_move(entry: Entry, checkout: Path) -> str:
    """A rename was cut short: the entry has the new name, the files may have the old one.

    The caller holds the lock for changes of worktrees.
    """
    for folder in checkout.parent.iterdir():
        if registry.entry_of(folder) == entry.folder:
            registry.point_to(entry.folder, folder)
    (entry.folder / "locked").unlink()
    return f"ended the interrupted rename of {checkout}"


def _forget_deleted(repo: Repository, entry: Entry, checkout: Path) -> str:
    prefix = f"refs/sweeptree/{checkout.parent.name}/{checkout.name}"
    commits = saved_commits.named_commits(entry.folder)
    refs = saved_commits.save_commits(repo, prefix, commits, None)
    refs += save_index(repo, prefix, entry.folder)
    registry.drop(repo, entry.folder)
    sentence = f"forgot the worktree {checkout}, whose folder is gone"
    return f"{sentence} (its work: {', '.join(refs)})" if refs else sentence


def _remove_trash(path: Path) -> str:
    remove_tree(path)
    return f"deleted {path.name}, left by a clean-up that was cut short"


def _unregistered_folders(repo: Repository) -> list[Path]:
    """Folders among our worktrees whose entry is gone."""
    return [path for path in repo.wt_dir.glob("*/slot_*") if _is_unregistered(path)]


def _is_unregistered(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    entry = registry.entry_of(path)
    return entry is None or not entry.exists()


def _repair_folder(path: Path) -> str | None:
    if any(child.name != ".git" for child in path.iterdir()):
        return f"left {path} alone: git does not know it any more, but it holds files"
    remove_tree(path)
    return f"removed the empty folder {path}"
