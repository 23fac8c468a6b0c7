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
from sweeptree.model import Base, Changes, Worktree, check_exp_name
from sweeptree.repository import plumbing
from sweeptree.repository.repository import OURS, Repository, hide_from_git
from sweeptree.system import locks
from sweeptree.worktrees import administration
from sweeptree.worktrees.card import (
    JobCard,
    card_path,
    checked_card,
    index_path,
    read_card,
    write_card,
)
from sweeptree.worktrees.changes import changes
from sweeptree.worktrees.links import LinksAndCopies, read_commit, survey
from sweeptree.worktrees.slot import Site, Slot, delete_worktree, pinned_options
from sweeptree.worktrees.tree import remove_tree

_SLOT = re.compile(r"slot_(\d+)")
_STORE = ".include"


class Pool:
    """Worktrees for a sweep.

    Thread-safe for `size` drivers; one process at a time has the pool of a sweep.

    Use it as a context manager. `links` are folders linked from the user's checkout (None: a
    `data/` that is not in the commit); files named in `.worktreeinclude` are copied.
    """

    def __init__(
        self,
        repo: Repository,
        base: Base,
        exp_name: str,
        *,
        size: int,
        links: Sequence[str] | None = None,
    ) -> None:
        try:
            check_exp_name(exp_name)
        except ValueError as error:
            raise UsageError(f"{exp_name!r} cannot be the name of a sweep: {error}") from error
        self.repo = repo
        self.repaired: tuple[str, ...] = ()
        self._site = Site(repo, base, exp_name, LinksAndCopies(repo.start, Path()), ())
        self._links = links
        self._room = threading.BoundedSemaphore(size)
        self._guard = threading.Lock()
        self._idle: list[Slot] = []
        self._taken: dict[int, Slot] = {}
        self._leftovers: dict[int, Path] = {}
        self._adopted: dict[int, Path] = {}
        self._next = 0
        self._lock = -1

    def __enter__(self) -> Pool:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take the pool, repair what killed commands left, and read what worktrees will hold.

        Raises Refused when another process has this sweep's pool, or the folder the user stands in
        is not in the base.
        """
        site = self._site
        committed = read_commit(self.repo, site.base.commit)
        subfolder = self.repo.subfolder.as_posix()
        if subfolder != "." and not committed.has(subfolder):
            raise Refused(
                f"the folder {subfolder} is not in {site.base.name}, so no job can start in it",
                hint=("git add it and commit", "or start from a folder that is in the commit"),
            )
        furniture = survey(self.repo, committed, self._links, site.folder / _STORE)
        self._site = replace(site, furniture=furniture, options=pinned_options(self.repo))
        self._take_lock()
        try:
            hide_from_git(self.repo)
            self.repaired = tuple(administration.repair(self.repo))
            furniture.fill_store()
            self._find_leftovers()
        except BaseException:
            self._give_lock()
            raise

    def _take_lock(self) -> None:
        path = self._site.folder / ".lock"
        for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
            if folder.is_symlink():
                raise Refused(
                    f"{folder} is a link, worktrees would stand elsewhere", hint=f"rm {folder}"
                )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = locks.take(path)
        except BlockingIOError:
            raise Refused(
                f"another process uses the worktrees of the sweep {self._site.exp_name}",
                hint=(f"sweeptree status {self._site.exp_name}", "or choose another --exp_name"),
            ) from None
        except OSError as error:
            raise Refused(
                f"{path.parent} cannot be written: {error.strerror}",
                hint="worktrees need a writable repository",
            ) from error
        if _is_file(lock, path):
            self._lock = lock
        else:  # the pool before us ended, and deleted the file, in between
            os.close(lock)
            self._take_lock()

    def _give_lock(self) -> None:
        os.close(self._lock)
        self._lock = -1

    def _find_leftovers(self) -> None:
        for path in self._site.folder.iterdir():
            if path.name.startswith(".trash-"):
                remove_tree(path)
            elif (match := _SLOT.fullmatch(path.name)) and path.is_dir():
                self._leftovers[int(match.group(1))] = path
        self._next = max(self._leftovers, default=-1) + 1

    def acquire(self, index: int | None = None) -> Worktree:
        """A worktree with exactly the files of the base, for job `index`; waits while `size` are
        out.

        Raises GitError when no worktree can be made.
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
        with self._guard:
            slot = self._idle.pop() if self._idle else None
        if slot is not None:
            try:
                return slot, slot.hand_out(index)
            except WorktreeGone:
                self._retire(slot)
        try:
            slot = self._new_slot()
            return slot, slot.hand_out(index)
        except OSError as error:
            raise GitError(
                f"no worktree can be made in {self._site.folder}: {error.strerror}",
                hint=f"df -h {self.repo.top}",
            ) from error

    def _new_slot(self) -> Slot:
        with self._guard:
            number = self._next
            while (self._site.folder / f"slot_{number}").exists():
                number += 1
            self._next = number + 1
        return Slot.make(self._site, number)

    def _retire(self, slot: Slot) -> None:
        """Put a worktree that is not used again out of the way: deleted, or under the job's name if
        not ours.

        What cannot be deleted now stays for `repair`; commits that no ref leads to are never
        deleted.
        """
        with contextlib.suppress(OSError, SweeptreeError):
            if slot.is_ours() or not slot.top.exists():
                slot.keep_commits(slot.job)
                return delete_worktree(
                    self.repo, slot.top, slot.entry if slot.entry.is_dir() else None
                )
            slot.top.rename(self._free_name(slot.job, slot.number))
            if slot.entry.is_dir():
                administration.forget(self.repo, slot.entry)
        return None

    def release(self, worktree: Worktree, *, keep: bool, index: int | None = None) -> Path | None:
        """Take a worktree back.

        `keep`: it stays as it is, under the returned path, and is never used again.

        Otherwise uncommitted changes end with the next job; commits of the job get a ref first.
        Raises WorktreeGone when the worktree is not one of this pool's.
        """
        with self._guard:
            slot = self._taken.pop(worktree.slot if worktree.slot is not None else -1, None)
            adopted = (
                None
                if slot
                else self._adopted.pop(worktree.slot if worktree.slot is not None else -1, None)
            )
        if slot is None:
            if adopted is None:
                raise WorktreeGone(
                    f"{worktree.top} is not a worktree of this sweep", hint="git worktree list"
                )
            return self._give_back_leftover(adopted, keep, index)
        try:
            return self._give_back(slot, keep, slot.job if index is None else index)
        except BaseException:
            with self._guard:
                self._leftovers[slot.number] = slot.top  # looked at again when the pool closes
            raise
        finally:
            self._room.release()

    def _give_back(self, slot: Slot, keep: bool, index: int | None) -> Path | None:
        slot.job = index
        if keep and slot.is_ours():
            return self._keep(slot.top, slot.entry, index)
        if keep and slot.top.exists():
            return slot.top.rename(self._free_name(index, slot.number))
        slot.keep_commits(index)
        with self._guard:
            self._idle.append(slot)
        return None

    def _keep(self, top: Path, entry: Path, index: int | None) -> Path:
        match = _SLOT.fullmatch(top.name)
        if match is None:
            return top  # kept before
        place = self._free_name(index, int(match.group(1)))
        administration.move(self.repo, entry, top, place)
        for beside in (card_path, index_path):
            with contextlib.suppress(FileNotFoundError):
                beside(top).rename(beside(place))
        return place

    def _free_name(self, index: int | None, number: int) -> Path:
        stem = f"kept_{number}" if index is None else f"job_{index}"
        with self._guard:
            place, count = self._site.folder / stem, 2
            while place.exists():
                place, count = self._site.folder / f"{stem}-{count}", count + 1
            return place

    def adopt(self, index: int, place: Path | None = None) -> Worktree | None:
        """The worktree that job `index` had when an earlier process of this sweep died; None if
        there is none.

        `place` is where a folder of the job's attempt stood (an earlier attempt may have left one
        too); a worktree's folder itself or one below it will do. Release it like one that was
        acquired.
        """
        with self._guard, contextlib.suppress(WorktreeGone):
            number = self._leftover(index, place)
            if number is not None:
                path = self._adopted[number] = self._leftovers.pop(number)
                return _leftover_worktree(self.repo, path, read_card(path), number)
        return None

    def take_kept(self, index: int, place: Path) -> Worktree | None:
        """The kept worktree of job `index` that `place` is in; None when it is gone.

        Release it with `keep`.
        """
        folder = self._site.folder
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
        return _leftover_worktree(self.repo, path, card, number)

    def has_leftover(self, index: int, place: Path) -> bool:
        """Whether `adopt` would return the worktree that stood at `place`."""
        with self._guard:
            return self._leftover(index, place) is not None

    def _leftover(self, index: int, place: Path | None) -> int | None:
        for number, path in self._leftovers.items():
            card = _card(path) if place is None or place.is_relative_to(path) else None
            if card is not None and card.job == index:
                return number
        return None

    def _give_back_leftover(self, path: Path, keep: bool, index: int | None) -> Path | None:
        card = read_card(path)
        if index is not None:
            write_card(path, replace(card, job=index))
        return self._settle(path, keep=keep)

    def _settle(self, path: Path, *, keep: bool | None) -> Path | None:
        """End a worktree outside the rotation.

        `keep` None: it stays if a job runs in it or it holds changes.
        """
        card, entry = _card(path), administration.pointer(path)
        if card is None and entry is not None and entry.is_dir() and _is_half_made(path):
            delete_worktree(self.repo, path, entry.resolve())
            return None
        if card is None or entry is None or not entry.is_dir():
            return path  # not what we made: nobody knows what is in it
        if keep is None and is_occupied(path):
            return path
        if keep is None and _holds_work(self.repo, path, card):
            keep = True
        entry = entry.resolve()
        if keep:
            return self._keep(path, entry, card.job)
        label = path.name if card.job is None else f"job_{card.job}"
        prefix = f"refs/sweeptree/{self._site.exp_name}/{label}"
        administration.keep_commits(self.repo, prefix, administration.candidates(entry), card.base)
        delete_worktree(self.repo, path, entry)
        return None

    def close(self) -> None:
        """Remove the worktrees that hold nothing; those with a running job or with changes stay."""
        if self._lock < 0:
            return
        with self._guard:
            idle, self._idle = self._idle, []
            others = [
                *(slot.top for slot in self._taken.values()),
                *self._adopted.values(),
                *self._leftovers.values(),
            ]
        try:
            for slot in idle:
                self._retire(slot)
            for path in filter(Path.is_dir, others):
                with contextlib.suppress(
                    OSError, SweeptreeError
                ):  # it stays, and `repair` names it
                    self._settle(path, keep=None)
            self._tidy()
        finally:
            self._give_lock()

    def _tidy(self) -> None:
        """Remove our folders as far as they are empty."""
        folder = self._site.folder
        if {path.name for path in folder.iterdir()} <= {".lock", _STORE}:
            remove_tree(folder)
        with contextlib.suppress(OSError):
            self.repo.wt_dir.rmdir()
            (self.repo.top / OURS).rmdir()


def _is_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _card(path: Path) -> JobCard | None:
    try:
        return read_card(path)
    except WorktreeGone:
        return None


def _leftover_worktree(repo: Repository, path: Path, card: JobCard, number: int) -> Worktree:
    return Worktree(path, path / repo.subfolder, card.base, number)


def _holds_work(repo: Repository, path: Path, card: JobCard) -> bool:
    """True when the worktree holds changes, or files that git would not ignore; also when that
    cannot be told."""
    try:
        found = changes(_leftover_worktree(repo, path, card, 0))
        return bool(found.tracked) or _made_work(path, found)
    except SweeptreeError:
        return True


def _is_half_made(path: Path) -> bool:
    """True when nobody runs there and each file is as in its commit: its making was cut short
    before its card."""
    call = plumbing.Call(env={"GIT_INDEX_FILE": str(path.with_name(f".{path.name}.half-made"))})
    try:
        plumbing.run(path, "read-tree", "HEAD", call=call)
        listing = plumbing.names(
            plumbing.run(path, "ls-files", "-z", "-t", "-d", "-m", "-o", call=call)
        )
    except SweeptreeError:
        return False
    finally:
        path.with_name(f".{path.name}.half-made").unlink(missing_ok=True)
    gone = {entry[2:] for entry in listing if entry[0] == "R"}
    return not {entry[2:] for entry in listing} - gone and not is_occupied(path)


def _made_work(path: Path, found: Changes) -> bool:
    if not found.made:
        return False
    data = b"".join(os.fsencode(name) + b"\0" for name in found.made)
    ignored = plumbing.ask(path, "check-ignore", "-z", "--stdin", call=plumbing.Call(data))
    return len(plumbing.names(ignored.out)) < len(found.made)


def is_occupied(top: Path) -> bool:
    """True when a process runs in the worktree; also where that cannot be found out."""
    proc = Path("/proc")
    if not (proc / "self").exists():
        return True
    mine, below = os.fsencode(top), os.fsencode(top) + b"/"
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            cwd = os.fsencode((process / "cwd").readlink())
            if cwd == mine or cwd.startswith(below):
                return True
            if b"SWEEPTREE_WORKTREE=" + mine in (process / "environ").read_bytes():
                return True
    return False
