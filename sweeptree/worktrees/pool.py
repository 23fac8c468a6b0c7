"""The worktrees of one sweep: handed out clean, taken back, kept where there is work in them,
removed at the end.

Hides: that worktrees are reused, what becomes of one that cannot be trusted, and what a sweep that
was killed left behind: a job may still run there, and its work may be wanted.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sweeptree.errors import GitError, Refused, SweeptreeError, UsageError, WorktreeGone
from sweeptree.model import Base, Worktree
from sweeptree.model.checks import check_exp_name
from sweeptree.repository.commit_paths import CommitPaths, read_commit_paths
from sweeptree.repository.repository import OURS, Repository, hide_from_git
from sweeptree.worktrees import registry, saved_commits
from sweeptree.worktrees.job_card import (
    JobCard,
    card_path,
    checked_card,
    find_card,
    index_path,
    read_card,
    write_card,
)
from sweeptree.worktrees.leftovers import as_worktree, holds_work, is_half_made, is_occupied
from sweeptree.worktrees.links import STORE, LinksAndCopies, plan_links_and_copies
from sweeptree.worktrees.pool_lock import LOCK_FILE, take_lock
from sweeptree.worktrees.repair import repair
from sweeptree.worktrees.slot import Slot, SlotSetup, delete_worktree, pinned_options
from sweeptree.worktrees.tree import remove_tree

_SLOT = re.compile(r"slot_(\d+)")
_NO_SLOT = -1
_UNLOCKED = -1


class Pool:
    """Worktrees for a sweep.

    Thread-safe for `size` drivers; one process at a time has the pool of a sweep.

    Use it as a context manager. `links` are folders linked from the user's checkout (None: a
    `data/` that is not in the commit); files named in `.worktreeinclude` are copied. `extras`: what
    the worktrees get instead, where there is no checkout to take it from.
    """

    def __init__(
        self,
        repo: Repository,
        base: Base,
        exp_name: str,
        *,
        size: int,
        links: Sequence[str] | None = None,
        extras: LinksAndCopies | None = None,
    ) -> None:
        _check_name(exp_name)
        self.repo = repo
        self._setup = SlotSetup(repo, base, exp_name, LinksAndCopies(repo.start, Path()), ())
        self._links = links
        self._extras = extras
        self._room = threading.BoundedSemaphore(size)
        self._guard = threading.Lock()
        self._idle: list[Slot] = []
        self._taken: dict[int, Slot] = {}
        self._leftovers: dict[int, Path] = {}
        self._adopted: dict[int, Path] = {}
        self._next = 0
        self._lock = _UNLOCKED

    def __enter__(self) -> Pool:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take the pool, repair what killed commands left, and read what worktrees will hold.

        Raises Refused when another process has this sweep's pool, or the folder the user is in is
        not in the base.
        """
        committed = read_commit_paths(self.repo, self._setup.base.commit)
        self._check_subfolder(committed)
        extras = self._planned(committed)
        options = pinned_options(self.repo)
        self._setup = replace(self._setup, extras=extras, options=options)
        self._lock = take_lock(self._setup.folder)
        try:
            self._begin()
        except BaseException:
            self._give_lock()
            raise

    def _planned(self, committed: CommitPaths) -> LinksAndCopies:
        store = self._setup.folder / STORE
        if self._extras is not None:
            return replace(self._extras, store=store)
        return plan_links_and_copies(self.repo, committed, self._links, store)

    def _check_subfolder(self, committed: CommitPaths) -> None:
        subfolder = self.repo.subfolder.as_posix()
        if subfolder == "." or committed.has(subfolder):
            return
        raise Refused(
            f"the folder {subfolder} is not in {self._setup.base.name}, so no job can start in it",
            hint=("git add it and commit", "or start from a folder that is in the commit"),
        )

    def _begin(self) -> None:
        hide_from_git(self.repo)
        repair(self.repo)
        self._setup.extras.fill_store()
        self._find_leftovers()

    def _give_lock(self) -> None:
        os.close(self._lock)
        self._lock = _UNLOCKED

    def _find_leftovers(self) -> None:
        for path in self._setup.folder.iterdir():
            if path.name.startswith(".trash-"):
                remove_tree(path)
            elif (match := _SLOT.fullmatch(path.name)) and path.is_dir():
                self._leftovers[int(match.group(1))] = path
        self._next = max(self._leftovers, default=-1) + 1

    @property
    def extras(self) -> LinksAndCopies:
        """What each worktree gets beside the commit; known once the pool is open."""
        return self._setup.extras

    # Worktrees in rotation

    def acquire(self, index: int | None = None) -> Worktree:
        """A worktree with exactly the files of the base, for job `index`.

        Waits while `size` are out. Raises GitError when no worktree can be made.
        """
        self._room.acquire()
        try:
            slot, worktree = self._clean_slot(index)
        except BaseException:
            self._room.release()
            raise
        with self._guard:
            self._taken[slot.number] = slot
        return worktree

    def _clean_slot(self, index: int | None) -> tuple[Slot, Worktree]:
        slot = self._idle_slot()
        if slot is not None:
            try:
                return slot, slot.hand_out(index)
            except WorktreeGone:
                self._retire(slot)
        try:
            slot = Slot.make(self._setup, self._new_number())
            return slot, slot.hand_out(index)
        except OSError as error:
            raise GitError(
                f"no worktree can be made in {self._setup.folder}: {error.strerror}",
                hint=f"df -h {self.repo.top}",
            ) from error

    def _idle_slot(self) -> Slot | None:
        with self._guard:
            return self._idle.pop() if self._idle else None

    def _new_number(self) -> int:
        with self._guard:
            number = self._next
            while (self._setup.folder / f"slot_{number}").exists():
                number += 1
            self._next = number + 1
        return number

    def _retire(self, slot: Slot) -> None:
        """Put a worktree that is not used again out of the way: deleted, or under the job's name if
        not ours.

        What cannot be deleted now stays for `repair`; commits that no ref leads to are never
        deleted.
        """
        with contextlib.suppress(OSError, SweeptreeError):
            if slot.is_ours() or not slot.top.exists():
                slot.save_commits(slot.job)
                slot.delete()
            else:
                self._put_aside(slot)

    def _put_aside(self, slot: Slot) -> None:
        slot.top.rename(self._free_name(slot.job, slot.number))
        if slot.entry.is_dir():
            registry.forget(self.repo, slot.entry)

    def release(self, worktree: Worktree, *, keep: bool, index: int | None = None) -> Path | None:
        """Take a worktree back.

        `keep`: it stays as it is, under the returned path, and is never used again.

        Otherwise uncommitted changes end with the next job; commits of the job get a ref first.
        Raises WorktreeGone when the worktree is not one of this pool's.
        """
        number = _NO_SLOT if worktree.slot is None else worktree.slot
        with self._guard:
            slot = self._taken.pop(number, None)
            adopted = self._adopted.pop(number, None) if slot is None else None
        if slot is not None:
            return self._release_slot(slot, keep, index)
        if adopted is not None:
            return self._release_adopted(adopted, keep, index)
        raise WorktreeGone(
            f"{worktree.top} is not a worktree of this sweep", hint="git worktree list"
        )

    def _release_slot(self, slot: Slot, keep: bool, index: int | None) -> Path | None:
        slot.job = slot.job if index is None else index
        try:
            if keep and slot.top.exists():
                return self._keep_slot(slot)
            self._put_back(slot)
            return None
        except BaseException:
            with self._guard:
                self._leftovers[slot.number] = slot.top  # looked at again when the pool closes
            raise
        finally:
            self._room.release()

    def _keep_slot(self, slot: Slot) -> Path:
        if slot.is_ours():
            return self._keep(slot.top, slot.entry, slot.job)
        return slot.top.rename(self._free_name(slot.job, slot.number))

    def _put_back(self, slot: Slot) -> None:
        slot.save_commits(slot.job)
        with self._guard:
            self._idle.append(slot)

    # Worktrees that are kept, or left from an earlier process

    def _keep(self, top: Path, entry: Path, index: int | None) -> Path:
        match = _SLOT.fullmatch(top.name)
        if match is None:
            return top  # kept before
        place = self._free_name(index, int(match.group(1)))
        registry.move(self.repo, entry, top, place)
        for beside in (card_path, index_path):
            with contextlib.suppress(FileNotFoundError):
                beside(top).rename(beside(place))
        return place

    def _free_name(self, index: int | None, number: int) -> Path:
        stem = f"kept_{number}" if index is None else f"job_{index}"
        place = self._setup.folder / stem
        count = 2
        with self._guard:
            while place.exists():
                place = self._setup.folder / f"{stem}-{count}"
                count += 1
        return place

    def adopt(self, index: int, place: Path | None = None) -> Worktree | None:
        """The worktree that job `index` had when an earlier process of this sweep died; None if
        there is none.

        `place` is where a folder of the job's attempt was (an earlier attempt may have left one
        too); a worktree's folder itself or one below it will do. Release it like one that was
        acquired.
        """
        with self._guard, contextlib.suppress(WorktreeGone):
            number = self._leftover(index, place)
            if number is not None:
                path = self._adopted[number] = self._leftovers.pop(number)
                return as_worktree(self.repo, path, read_card(path), number)
        return None

    def take_kept(self, index: int, place: Path) -> Worktree | None:
        """The kept worktree of job `index` that `place` is in; None when it is gone.

        Release it with `keep`.
        """
        folder = self._setup.folder
        if not place.is_relative_to(folder) or place == folder:
            return None
        path = folder / place.relative_to(folder).parts[0]
        try:
            card = checked_card(path)
        except WorktreeGone:
            return None
        if card.job != index:
            return None
        with self._guard:
            number, self._next = self._next, self._next + 1
            self._adopted[number] = path
        return as_worktree(self.repo, path, card, number)

    def has_leftover(self, index: int, place: Path) -> bool:
        """Whether `adopt` would return the worktree that was at `place`."""
        with self._guard:
            return self._leftover(index, place) is not None

    def _leftover(self, index: int, place: Path | None) -> int | None:
        for number, path in self._leftovers.items():
            if place is None or place.is_relative_to(path):
                card = find_card(path)
                if card is not None and card.job == index:
                    return number
        return None

    def _release_adopted(self, path: Path, keep: bool, index: int | None) -> Path | None:
        card = read_card(path)
        entry = registry.entry_of(path)
        if index is not None:
            card = replace(card, job=index)
            write_card(path, card)
        if entry is None or not entry.is_dir():
            return path  # not what we made: nobody knows what is in it
        if keep:
            return self._keep(path, entry.resolve(), card.job)
        self._remove(path, entry.resolve(), card)
        return None

    def _remove(self, path: Path, entry: Path, card: JobCard) -> None:
        """Delete a worktree outside the rotation; its commits get refs first."""
        label = path.name if card.job is None else f"job_{card.job}"
        prefix = f"refs/sweeptree/{self._setup.exp_name}/{label}"
        commits = saved_commits.named_commits(entry)
        saved_commits.save_commits(self.repo, prefix, commits, card.base)
        delete_worktree(self.repo, path, entry)

    # The end

    def close(self) -> None:
        """Remove the worktrees that hold nothing; those with a running job or with changes stay."""
        if self._lock == _UNLOCKED:
            return
        with self._guard:
            idle, self._idle = self._idle, []
            taken = [slot.top for slot in self._taken.values()]
            others = [*taken, *self._adopted.values(), *self._leftovers.values()]
        try:
            for slot in idle:
                self._retire(slot)
            for path in filter(Path.is_dir, others):
                with contextlib.suppress(OSError, SweeptreeError):
                    self._settle(path)  # what cannot be settled stays, and `repair` names it
            self._tidy()
        finally:
            self._give_lock()

    def _settle(self, path: Path) -> None:
        """End a worktree that nobody gave back: it stays where a job runs or work is in it."""
        entry = registry.entry_of(path)
        if entry is None or not entry.is_dir():
            return  # not what we made: nobody knows what is in it
        entry = entry.resolve()
        card = find_card(path)
        if card is None:
            if is_half_made(path):
                delete_worktree(self.repo, path, entry)
        elif is_occupied(path):
            return
        elif holds_work(self.repo, path, card):
            self._keep(path, entry, card.job)
        else:
            self._remove(path, entry, card)

    def _tidy(self) -> None:
        """Remove our folders as far as they are empty."""
        folder = self._setup.folder
        if {path.name for path in folder.iterdir()} <= {LOCK_FILE, STORE}:
            remove_tree(folder)
        with contextlib.suppress(OSError):
            self.repo.wt_dir.rmdir()
            (self.repo.top / OURS).rmdir()


def _check_name(exp_name: str) -> None:
    try:
        check_exp_name(exp_name)
    except ValueError as error:
        raise UsageError(f"{exp_name!r} cannot be the name of a sweep: {error}") from error
