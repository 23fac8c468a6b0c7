"""Taking a worktree away without losing a byte.

Hides the order: the worktree is renamed out of everybody's way first, then looked at, then what
only it has is saved, and only then is anything deleted. What a killed removal leaves is undone or
ended by `mend`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.repository import plumbing
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry
from sweeptree.worktrees.job_card import card_path, index_path
from sweeptree.worktrees.manager.lease import end_lease, read_lease
from sweeptree.worktrees.manager.losses import Losses, find_losses
from sweeptree.worktrees.manager.notes import end_note, is_in_work, only_one, read_note
from sweeptree.worktrees.manager.occupants import Occupant, everybody, living_in, writers_in
from sweeptree.worktrees.manager.places import (
    LEAVING,
    Kind,
    Place,
    aside,
    find_ours,
    moved,
    usual_top,
)
from sweeptree.worktrees.manager.salvage import (
    Salvage,
    Stage,
    all_salvages,
    forget_salvage,
    set_stage,
    shift,
    store_of,
)
from sweeptree.worktrees.manager.saving import save
from sweeptree.worktrees.manager.setup import untouched_paths
from sweeptree.worktrees.repair import end_move
from sweeptree.worktrees.slot import delete_worktree

_SHOWN = 3


class Fate(StrEnum):
    """What becomes of a worktree."""

    REMOVED = "removed"
    SAVED = "saved and removed"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a worktree, or would.

    `why`: for one that is kept; `what`: what was saved of it, in words; `salvage`: the name to
    restore it by.
    """

    name: str
    path: str
    fate: Fate
    why: str = ""
    what: str = ""
    salvage: str | None = None
    size: int = 0


def from_main(repo: Repository) -> Repository:
    """The same repository as seen from its main work tree, which nobody removes."""
    return replace(repo, start=repo.top, subfolder=Path())


def remove(repo: Repository, wanted: str, *, dry_run: bool = False) -> Removal:
    """Take a worktree of ours away; what only it has is saved first.

    Raises UsageError when there is none of this name, Refused when it is not ours, locked or lived
    in.
    """
    repo = from_main(repo)
    place = find_ours(repo, wanted)
    if dry_run:
        check_free(repo, place, everybody())
        _check_sweep(repo, place)
        return _planned(place, own_losses(repo, place))
    with only_one(repo, place):
        end_move_of(repo, place)
        ended = end_unfinished(repo, find_ours(repo, place.name))
        if ended is not None and ended.salvage is not None:
            return _ended(ended.salvage)
        place = find_ours(repo, place.name)
        check_free(repo, place, everybody())
        return _take_away(repo, place)


def _ended(salvage: Salvage) -> Removal:
    """What an earlier removal came to, which was killed after all was saved."""
    fate = Fate.SAVED
    return Removal(salvage.worktree, salvage.top, fate, what=salvage.what, salvage=salvage.name)


def _planned(place: Place, losses: Losses) -> Removal:
    fate = Fate.SAVED if losses else Fate.REMOVED
    return Removal(place.name, str(place.top), fate, what=losses.text)


def own_losses(repo: Repository, place: Place) -> Losses:
    """What would be lost with a worktree, but for what its set-up made and nobody changed."""
    note = read_note(repo, place.name) if place.kind is Kind.NAMED else None
    made = untouched_paths(place.top, note) if note else ()
    return find_losses(repo, place, made_by_setup=made)


def check_free(repo: Repository, place: Place, people: tuple[Occupant, ...]) -> None:
    """Raise Refused when the worktree is locked or somebody uses it."""
    reason = why_in_use(repo, place, people)
    if reason:
        raise Refused(f"the worktree {place.name} is not removed: {reason[0]}", hint=reason[1])


def why_in_use(
    repo: Repository, place: Place, people: tuple[Occupant, ...]
) -> tuple[str, str] | None:
    """Why a worktree must stay, and what helps; None when nobody uses it."""
    assert place.entry is not None
    lock = place.entry.lock
    if lock == registry.MOVING:
        return "a rename of it was cut short", "sweeptree worktree repair"
    if lock is not None:
        said = f" ({lock})" if lock else ""
        return f"it is locked{said}", f"git worktree unlock {place.top}"
    lease = read_lease(repo, place.name) if place.kind is Kind.NAMED else None
    if lease is not None and lease.is_held() and not lease.is_mine():
        return f"{lease.text} has it", "end that process, or ask whoever started it"
    living = living_in(place.top, people) or writers_in(place.top)
    if living:
        names = ", ".join(one.text for one in living[:_SHOWN])
        return f"{names} works in it", "leave the folder or end the process, then try again"
    return None


def sweep_runs(repo: Repository, place: Place) -> bool:
    """Whether the sweep of a job's worktree runs now."""
    return place.kind is Kind.JOB and is_in_work(repo, place)


def _check_sweep(repo: Repository, place: Place) -> None:
    if sweep_runs(repo, place):
        name = place.top.parent.name
        raise Refused(
            f"another process uses the worktrees of the sweep {name}",
            hint=f"sweeptree status {name}",
        )


def _take_away(repo: Repository, place: Place) -> Removal:
    """Rename, look, save, delete; whatever goes wrong before the last, the worktree is put back."""
    place = _step_aside(repo, place)
    salvage = None
    try:
        _check_still_free(place)
        losses = own_losses(repo, place)
        salvage = save(repo, place, losses) if losses else None
    except BaseException:
        put_back(repo, place)
        raise
    finish(repo, place, salvage)
    fate = Fate.SAVED if salvage else Fate.REMOVED
    name = salvage.name if salvage else None
    return Removal(place.name, str(usual_top(place.top)), fate, what=losses.text, salvage=name)


def _step_aside(repo: Repository, place: Place) -> Place:
    assert place.entry is not None
    away = aside(place.top, LEAVING)
    if not place.top.is_dir():
        return place
    if away.exists():
        raise Refused(f"{away} is in the way", hint="sweeptree worktree repair")
    registry.move(repo, place.entry.folder, place.top, away)
    return moved(place, away)


def _check_still_free(place: Place) -> None:
    """Whoever came in before the rename is seen at the new path."""
    came = living_in(place.top, everybody()) or writers_in(place.top)
    if came:
        raise Refused(
            f"the worktree {place.name} is not removed: {came[0].text} works in it",
            hint="leave the folder or end the process, then try again",
        )


def end_move_of(repo: Repository, place: Place) -> None:
    """End a rename of the worktree that was cut short."""
    if place.entry is not None and place.entry.lock == registry.MOVING:
        with plumbing.worktrees_lock(repo.common_dir):
            end_move(place.entry, place.top)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a killed removal came to: done with what was saved, or undone."""

    name: str
    salvage: Salvage | None = None

    @property
    def text(self) -> str:
        """What was done, in a sentence."""
        if self.salvage is not None:
            return f"ended the removal of {self.name} (saved as {self.salvage.name})"
        return f"put the worktree {self.name} back, whose removal was cut short"


def end_unfinished(repo: Repository, place: Place) -> Ended | None:
    """End what a killed removal left; None where there was nothing.

    The caller has the worktree to itself.
    """
    for salvage in _of_entry(repo, place, Stage.KEPT):
        finish(repo, place, salvage)
        return Ended(place.name, salvage)
    is_away = place.top != usual_top(place.top) and place.top.is_dir()
    if not is_away and not _of_entry(repo, place, Stage.MOVING):
        return None
    put_back(repo, place)
    return Ended(place.name)


def put_back(repo: Repository, place: Place) -> None:
    """Undo a removal that did not get far: files return, then the worktree to its place."""
    assert place.entry is not None
    for salvage in _of_entry(repo, place, Stage.MOVING):
        shift(store_of(repo, salvage) / "files", place.top)
        forget_salvage(repo, salvage)
    usual = usual_top(place.top)
    if place.top != usual and place.top.is_dir() and not usual.exists():
        registry.move(repo, place.entry.folder, place.top, usual)


def _of_entry(repo: Repository, place: Place, stage: Stage) -> list[Salvage]:
    """What was saved of this worktree when its removal ended early at this stage."""
    assert place.entry is not None
    entry = str(place.entry.folder)
    return [each for each in all_salvages(repo) if (each.entry, each.stage) == (entry, stage)]


def finish(repo: Repository, place: Place, salvage: Salvage | None) -> None:
    """Delete a worktree of which everything is saved. Each step may have been done before."""
    assert place.entry is not None
    usual = usual_top(place.top)
    entry: Path | None = place.entry.folder
    if salvage is not None:
        _keep_entry(repo, place.entry.folder, salvage)
        keep_beside(repo, salvage)
        entry = None
    delete_worktree(repo, place.top, entry)
    for beside in (card_path(usual), index_path(usual)):
        beside.unlink(missing_ok=True)
    if place.kind is Kind.NAMED:
        end_lease(repo, place.name)
        end_note(repo, place.name)
    if salvage is not None:
        set_stage(repo, salvage, Stage.GONE)
    _tidy(usual.parent)


def keep_beside(repo: Repository, salvage: Salvage) -> None:
    """Move our card, and the index that a job's worktree was made with, to what is saved."""
    usual = Path(salvage.top)
    for beside in (card_path(usual), index_path(usual)):
        shift(beside, store_of(repo, salvage) / "beside" / beside.name)


def _keep_entry(repo: Repository, entry: Path, salvage: Salvage) -> None:
    """Move git's own entry to what is saved: index, history, half a merge, submodules."""
    with plumbing.worktrees_lock(repo.common_dir):
        shift(entry, store_of(repo, salvage) / "entry")
        with contextlib.suppress(OSError):
            entry.parent.rmdir()


def _tidy(folder: Path) -> None:
    """Remove the folder of a sweep's worktrees when nothing is left in it but its lock."""
    left = {path.name for path in folder.iterdir()} if folder.is_dir() else {"?"}
    if left <= {".lock"}:
        (folder / ".lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()
