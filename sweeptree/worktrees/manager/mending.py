"""Ending what killed commands left: creations, removals, restores; leases of processes that died.

Hides that another command may be at work on the same worktree right now: that one is left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sweeptree.errors import GitError, Refused
from sweeptree.repository.repository import Repository
from sweeptree.system import locks
from sweeptree.worktrees.manager.lease import end_lease, read_lease
from sweeptree.worktrees.manager.notes import (
    all_notes,
    end_note,
    is_in_work,
    name_lock,
    only_one,
)
from sweeptree.worktrees.manager.places import (
    LEAVING,
    RETURNING,
    Kind,
    Place,
    aside,
    named_folder,
    our_places,
)
from sweeptree.worktrees.manager.removal import (
    end_move_of,
    end_unfinished,
    from_main,
    keep_beside,
    remove,
)
from sweeptree.worktrees.manager.restoring import bring_back
from sweeptree.worktrees.manager.salvage import Salvage, Stage, all_salvages, set_stage, store_of
from sweeptree.worktrees.registry import entry_of
from sweeptree.worktrees.repair import repair
from sweeptree.worktrees.tree import remove_tree


def mend(repo: Repository) -> list[str]:
    """End what killed commands left of our worktrees; returns what was done, a sentence each."""
    repo = from_main(repo)
    return [
        *_ended(repo),
        *_restores(repo),
        *_half_made(repo),
        *repair(repo),
        *_leftovers(repo),
        *_leases(repo),
    ]


def _removals(repo: Repository) -> list[Place]:
    entries = {s.entry for s in all_salvages(repo) if s.stage in (Stage.MOVING, Stage.KEPT)}
    return [
        place
        for place in our_places(repo)
        if place.top.name.startswith(LEAVING) or _entry(place) in entries
    ]


def _entry(place: Place) -> str:
    return str(place.entry.folder) if place.entry else ""


def _ended(repo: Repository) -> Iterator[str]:
    for place in our_places(repo):
        if not is_in_work(repo, place):
            end_move_of(repo, place)
    for place in _removals(repo):
        if is_in_work(repo, place):
            continue
        with contextlib.suppress(Refused), only_one(repo, place):
            ended = end_unfinished(repo, place)
            if ended is not None:
                yield ended.text
    yield from _gone_entries(repo)


def _gone_entries(repo: Repository) -> Iterator[str]:
    """Removals that were killed after git's entry went: the files that are left are saved."""
    for salvage in all_salvages(repo):
        if salvage.stage is Stage.KEPT and (store_of(repo, salvage) / "entry").is_dir():
            keep_beside(repo, salvage)
            remove_tree(aside(Path(salvage.top), LEAVING))
            set_stage(repo, salvage, Stage.GONE)
            yield f"ended the removal of {salvage.worktree} (saved as {salvage.name})"


def _restores(repo: Repository) -> Iterator[str]:
    for salvage in all_salvages(repo):
        if salvage.stage is not Stage.RETURNING:
            continue
        with contextlib.suppress(Refused):
            yield _restored(repo, salvage)


def _restored(repo: Repository, salvage: Salvage) -> str:
    with name_lock(repo, salvage.worktree.replace("/", "--"), patience=0.0):
        bring_back(repo, salvage)
    return f"ended the restore of {salvage.worktree}"


def _half_made(repo: Repository) -> Iterator[str]:
    """Named worktrees that were never handed out; what a set-up made in them is saved."""
    unready = {note.name for note in all_notes(repo) if not note.ready}
    for place in list(our_places(repo)):
        if place.kind is Kind.NAMED and place.name in unready and not is_in_work(repo, place):
            try:
                remove(repo, place.name)
            except (Refused, GitError, OSError) as error:
                yield f"left {place.top} alone, which was never finished: {error}"
            else:
                yield f"removed the worktree {place.name}, whose making was cut short"


def _leftovers(repo: Repository) -> Iterator[str]:
    """Files of deletions that were cut short, and notes about worktrees that are gone."""
    for trash in repo.wt_dir.glob("*/.trash-*"):
        if not locks.is_held(trash.parent / ".lock"):
            remove_tree(trash)
            yield f"deleted {trash.name}, left by a removal that was cut short"
    for top in named_folder(repo).glob(f"{RETURNING}*"):
        if entry_of(top) is None:
            remove_tree(top)
    known = {place.name for place in our_places(repo)}
    for note in all_notes(repo):
        if note.name not in known and not _is_being_made(repo, note.name):
            _forget(repo, note.name)
            yield f"forgot the notes on the worktree {note.name}, which is gone"


def _is_being_made(repo: Repository, name: str) -> bool:
    return locks.is_held(named_folder(repo) / ".locks" / name)


def _forget(repo: Repository, name: str) -> None:
    end_note(repo, name)
    end_lease(repo, name)
    for suffix in (".json", ".index"):
        (named_folder(repo) / f"{name}{suffix}").unlink(missing_ok=True)


def _leases(repo: Repository) -> Iterator[str]:
    for path in sorted((named_folder(repo) / ".leases").glob("*.json")):
        lease = read_lease(repo, path.stem)
        if lease is None or not lease.is_held():
            end_lease(repo, path.stem)
            yield f"ended the lease of {path.stem}: its process is gone"
