"""One worktree of a pool: made once, put back between jobs so that nothing of a job stays.

Hides the reset. The tree is compared with the picture taken when it was made (see tree.py): what is
new is deleted, what differs is deleted and written again by one git command, and a tree that no job
touched costs no git command at all. Git's entry of the worktree (HEAD, index, settings, locks, half
a merge) is put back from memory, where no job can reach it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import SweeptreeError, WorktreeGone
from sweeptree.model import Base, Worktree
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry, saved_commits
from sweeptree.worktrees.job_card import JobCard, card_path, index_path, write_card
from sweeptree.worktrees.links import LinksAndCopies
from sweeptree.worktrees.shared_state import shared_state
from sweeptree.worktrees.tree import (
    Picture,
    compare,
    discard,
    picture,
    remove_tree,
    renewed,
    safe_parent,
    settled_picture,
)

# What a job may set in the shared config and would change how files are written for the next one.
_PINNED = {
    "core.autocrlf": "false",
    "core.eol": "native",
    "core.filemode": "true",
    "core.symlinks": "true",
    "core.ignorecase": "false",
    "core.checkstat": "default",
    "core.trustctime": "true",
}
_NEVER_THE_USERS = ("core.checkstat", "core.trustctime")


@dataclass(frozen=True, slots=True)
class SlotSetup:
    """What all slots of a pool have in common.

    `options` pins the settings by which git writes files.
    """

    repo: Repository
    base: Base
    exp_name: str
    extras: LinksAndCopies
    options: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the slots stand."""
        return self.repo.pool_dir(self.exp_name)


def pinned_options(repo: Repository) -> tuple[str, ...]:
    """The settings for writing files as they are now, as options for each command."""
    answer = plumbing.ask(repo.start, "config", "-z", "--get-regexp", "^core\\.")
    now = dict(item.partition("\n")[::2] for item in plumbing.names(answer.out))
    options: list[str] = []
    for key, default in _PINNED.items():
        value = default if key in _NEVER_THE_USERS else now.get(key, default)
        options += ("-c", f"{key}={value}")
    return tuple(options)


class Slot:
    """A worktree that jobs use one after the other.

    Not thread-safe: one driver has it at a time.
    """

    def __init__(self, setup: SlotSetup, number: int, entry: Path) -> None:
        self.setup = setup
        self.number = number
        self.top = setup.folder / f"slot_{number}"
        self.entry = entry
        self.used = False
        self.job: int | None = None
        self._files = Picture({}, {})
        self._entry_files = Picture({}, {})
        self._entry_contents: dict[str, bytes] = {}
        self._index_times = (0, 0)
        self._pointer = b""

    @classmethod
    def make(cls, setup: SlotSetup, number: int) -> Slot:
        """Add a worktree with the files of the base.

        Raises GitError, OSError; nothing is left then.
        """
        top = setup.folder / f"slot_{number}"
        slot = cls(setup, number, registry.add(setup.repo, top, setup.base.commit))
        try:
            plumbing.run(top, *setup.options, "reset", "-q", "--hard", setup.base.commit)
            setup.extras.put(top)
            slot._remember()
        except BaseException:
            slot.delete()
            raise
        return slot

    def _remember(self) -> None:
        self._pointer = (self.top / ".git").read_bytes()
        # A lock is of somebody's `git gc`, and does not belong to the worktree.
        names = [name for name in picture(self.entry).files if not name.endswith(".lock")]
        self._entry_contents = {name: (self.entry / name).read_bytes() for name in names}
        self._keep_index()
        self._entry_files = settled_picture(self.entry)
        self._files = settled_picture(self.top)

    def _keep_index(self) -> None:
        """Keep the index with its time: by it git knows which entries to compare by content."""
        index = self.entry / "index"
        seen = index.stat()
        self._entry_contents["index"] = index.read_bytes()
        self._index_times = (seen.st_atime_ns, seen.st_mtime_ns)
        shutil.copy2(index, index_path(self.top))

    @property
    def worktree(self) -> Worktree:
        """The value that jobs are given."""
        repo = self.setup.repo
        return Worktree(self.top, self.top / repo.subfolder, self.setup.base.commit, self.number)

    def hand_out(self, job: int | None) -> Worktree:
        """Make the slot clean if a job has used it, and note who uses it now.

        Raises WorktreeGone on any doubt.
        """
        if self.used:
            self.reset()
        self.used, self.job = True, job
        write_card(self.top, self._card())
        return self.worktree

    def _card(self) -> JobCard:
        repo, extras = self.setup.repo, self.setup.extras
        return JobCard(
            exp_name=self.setup.exp_name,
            base=self.setup.base.commit,
            entry=str(self.entry),
            common_dir=str(repo.common_dir),
            source=str(extras.source),
            links=extras.links,
            copies=extras.copies,
            job=self.job,
            shared=shared_state(repo.common_dir),
        )

    def reset(self) -> None:
        """Put everything back. Raises WorktreeGone when the slot cannot be trusted any more."""
        try:
            self._reset_entry()
            self._reset_files()
        except (OSError, SweeptreeError) as error:
            raise WorktreeGone(
                f"{self.top} cannot be reused: {error}", hint="sweeptree doctor --repair"
            ) from error

    def _reset_entry(self) -> None:
        if not self.entry.is_dir() or self.entry.is_symlink():
            raise WorktreeGone(f"git's entry {self.entry} is gone")
        found = compare(self.entry, self._entry_files)
        if not found:
            return
        for path in (*found.extra, *found.new):
            discard(self.entry, path)
        _put_folders(self.entry, (*found.wrong, *found.gone), self._entry_files)
        for path in (*found.changed, *found.missing):
            self._restore(path)
        self._entry_files = settled_picture(self.entry)

    def _restore(self, path: str) -> None:
        file = safe_parent(self.entry, path)
        discard(self.entry, path)
        if (
            path not in self._entry_contents
        ):  # a lock file that stood there when the picture was taken
            return
        file.write_bytes(self._entry_contents[path])
        if path == "index":
            os.utime(file, ns=self._index_times)

    def _reset_files(self) -> None:
        found = compare(self.top, self._files)
        if not found:
            return
        lost = (*found.changed, *found.missing)
        if ".git" in lost and not self._has_pointer():
            raise WorktreeGone(f"{self.top / '.git'} was replaced")
        damaged = [path for path in found.changed if path != ".git"]
        for path in (*found.extra, *found.new, *damaged):
            discard(self.top, path)
        _put_folders(self.top, (*found.wrong, *found.gone), self._files)
        self._rewrite([*damaged, *found.missing])
        self._files = renewed(self.top, self._files, lost)

    def _has_pointer(self) -> bool:
        file = self.top / ".git"
        return not file.is_symlink() and file.is_file() and file.read_bytes() == self._pointer

    def _rewrite(self, damaged: Sequence[str]) -> None:
        extras = self.setup.extras
        ours = [path for path in damaged if extras.provides(path)]
        tracked = [path for path in damaged if not extras.provides(path)]
        if tracked:
            self._checkout(tracked)
        if ours:
            extras.put(self.top)

    def _checkout(self, paths: Sequence[str]) -> None:
        data = b"".join(os.fsencode(path) + b"\0" for path in paths)
        words = (*self.setup.options, "checkout-index", "-f", "-u", "-z", "--stdin")
        plumbing.run(self.top, *words, call=plumbing.Call(data))
        self._keep_index()
        self._entry_files = settled_picture(self.entry)

    def save_commits(self, job: int | None) -> list[str]:
        """Refs for the commits of the job that no ref leads to yet; returns the refs made."""
        if not self.entry.is_dir() or not compare(self.entry, self._entry_files):
            return []
        label = f"slot_{self.number}" if job is None else f"job_{job}"
        prefix = f"refs/sweeptree/{self.setup.exp_name}/{label}"
        commits = saved_commits.named_commits(self.entry)
        return saved_commits.save_commits(self.setup.repo, prefix, commits, self.setup.base.commit)

    def is_ours(self) -> bool:
        """True while the folder still is the worktree that was made here."""
        return self.entry.is_dir() and self._has_pointer()

    def delete(self) -> None:
        """Take the worktree out of git's books and off the disk."""
        delete_worktree(self.setup.repo, self.top, self.entry)


def _put_folders(top: Path, paths: Sequence[str], old: Picture) -> None:
    for path in sorted(paths):
        (top / path).mkdir(parents=True, exist_ok=True)
        (top / path).chmod(old.folders[path] & 0o7777)


def delete_worktree(repo: Repository, top: Path, entry: Path | None) -> None:
    """Rename the folder away, forget it in git's books under the lock, then delete the files."""
    trash = top.with_name(f".trash-{top.name}-{os.getpid()}-{os.urandom(3).hex()}")
    if top.is_dir() and not top.is_symlink():
        top.rename(trash)
    if entry is not None:
        registry.forget(repo, entry)
    remove_tree(trash)
    for beside in (card_path(top), index_path(top)):
        beside.unlink(missing_ok=True)
