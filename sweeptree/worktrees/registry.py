"""Git's own book-keeping of worktrees: list, add, move, forget.

Hides: the layout of <git dir>/worktrees, what a killed `git worktree add` leaves behind, and that
an entry must vanish in one step, because git reads all siblings of an entry while it adds one.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import GitError, WorktreeGone
from sweeptree.repository import plumbing
from sweeptree.repository.branches import commit_of
from sweeptree.repository.repository import Repository
from sweeptree.system.files import flush
from sweeptree.worktrees.tree import remove_tree

TRASH = "sweeptree-trash-"
MOVING = "sweeptree is moving this worktree"
INITIALIZING = "initializing"
_POINTER = b"gitdir: "
_SHA = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One worktree as git knows it. `folder` is git's entry, `checkout` where the files are."""

    folder: Path
    checkout: Path | None
    lock: str | None

    @property
    def has_head(self) -> bool:
        """True when HEAD names a branch or a commit."""
        head = read(self.folder / "HEAD") or b""
        if head.startswith(b"ref: "):
            return True
        commit = head.strip()
        return bool(_SHA.match(commit)) and set(commit) != set(b"0")


def read(path: Path) -> bytes | None:
    """What a file holds; None when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def entry_of(checkout: Path) -> Path | None:
    """The entry that a worktree's `.git` file names; None when there is no such file."""
    file = checkout / ".git"
    data = None if file.is_symlink() else read(file)
    if data is None or not data.startswith(_POINTER):
        return None
    name = data.removeprefix(_POINTER).removesuffix(b"\n")
    return Path(os.fsdecode(name))


def entries(repo: Repository) -> Iterator[Entry]:
    """The linked worktrees of a repository, half-made ones too."""
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted((repo.common_dir / "worktrees").iterdir()):
            yield Entry(folder, _checkout_of(folder), _lock_of(folder))


def _checkout_of(folder: Path) -> Path | None:
    gitdir = read(folder / "gitdir")
    if not gitdir or not gitdir.strip():
        return None
    return Path(os.fsdecode(gitdir.removesuffix(b"\n"))).parent


def _lock_of(folder: Path) -> str | None:
    lock = read(folder / "locked")
    return None if lock is None else lock.decode("utf-8", "replace").strip()


def our_entries(repo: Repository) -> list[Entry]:
    """The entries of worktrees that are where only sweeptree puts them."""
    return [entry for entry in entries(repo) if _is_ours(repo, entry)]


def _is_ours(repo: Repository, entry: Entry) -> bool:
    return entry.checkout is not None and entry.checkout.is_relative_to(repo.wt_dir)


def add(repo: Repository, checkout: Path, commit: str) -> Path:
    """Register a new worktree without its files; returns git's entry. Raises GitError."""
    with plumbing.worktrees_lock(repo.common_dir) as lock:
        plumbing.persist(lambda: _add(repo, checkout, commit, lock))
    entry = entry_of(checkout)
    if entry is None:
        raise GitError(f"git made no worktree at {checkout}", hint="sweeptree doctor --repair")
    entry = entry.resolve()
    _make_durable(entry, checkout)
    return entry


def _add(repo: Repository, checkout: Path, commit: str, lock: int) -> None:
    # git holds the lock's handle too: if we are killed, the lock lasts until git is done.
    call = plumbing.Call(holds=lock)
    words = ("worktree", "add", "-q", "--no-checkout", "--detach", str(checkout), commit)
    try:
        plumbing.run(repo.start, *words, call=call)
    except GitError:
        _remove_half_made(repo, checkout)
        raise


def _remove_half_made(repo: Repository, checkout: Path) -> None:
    for entry in our_entries(repo):
        if entry.checkout == checkout:
            drop(repo, entry.folder)
    remove_tree(checkout)


def _make_durable(entry: Path, checkout: Path) -> None:
    """Flush git's entry: after a power cut its files would be empty, and every git command fail."""
    for path in list(entry.iterdir()):
        # A lock that another git (gc) held for a moment may be gone again.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                flush(path)
    for path in (checkout / ".git", entry, checkout, entry.parent, checkout.parent):
        flush(path)


def point_to(entry: Path, checkout: Path) -> None:
    """Let git's entry name the folder where the files are."""
    (entry / "gitdir").write_bytes(os.fsencode(checkout / ".git") + b"\n")


def move(repo: Repository, entry: Path, old: Path, new: Path) -> None:
    """Rename a worktree.

    It stays registered at every moment; a lock keeps `git worktree prune` away.
    """
    with plumbing.worktrees_lock(repo.common_dir):
        _check_entry(repo, entry)
        (entry / "locked").write_text(MOVING)
        point_to(entry, new)
        old.rename(new)
        (entry / "locked").unlink()
        _make_durable(entry, new)


def forget(repo: Repository, entry: Path) -> None:
    """Take a worktree out of git's books; its files are the caller's to delete."""
    with plumbing.worktrees_lock(repo.common_dir):
        drop(repo, entry)


def drop(repo: Repository, entry: Path) -> None:
    """As `forget`, for a caller that holds the lock already."""
    _check_entry(repo, entry)
    trash = repo.common_dir / f"{TRASH}{uuid.uuid4().hex}"
    with contextlib.suppress(FileNotFoundError):
        entry.rename(trash)
        remove_tree(trash)
    with contextlib.suppress(OSError):
        entry.parent.rmdir()  # as git does when the last worktree goes


def _check_entry(repo: Repository, entry: Path) -> None:
    if entry.parent != repo.common_dir / "worktrees" or entry.is_symlink():
        raise WorktreeGone(
            f"{entry} is not an entry of this repository's worktrees", hint="git worktree list"
        )


def head_of(repo: Repository, entry: Path) -> str | None:
    """The commit that a worktree is on, read from git's entry: its folder need not be there."""
    name = head_name(entry)
    return commit_of(repo.top, name) if name else None


def head_name(entry: Path) -> str:
    """The ref or the commit that HEAD names; empty where it cannot be read."""
    text = (read(entry / "HEAD") or b"").strip()
    return os.fsdecode(text.removeprefix(b"ref: "))


def branch_of(entry: Path) -> str | None:
    """The branch that a worktree is on, read from git's entry; None for a detached HEAD."""
    text = (read(entry / "HEAD") or b"").strip()
    prefix = b"ref: refs/heads/"
    return os.fsdecode(text.removeprefix(prefix)) if text.startswith(prefix) else None
