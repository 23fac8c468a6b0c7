"""Which worktrees there are, which of them are ours, and what their names are.

Hides where sweeptree puts worktrees: those that somebody asked for by name, those of a sweep's
jobs, those for a moment. Ours is only what stands where we put it, with our card beside it, under
the very entry of git's that the card names. Everything else is a stranger's, and is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sweeptree.errors import Refused, UsageError
from sweeptree.model.checks import check_exp_name
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry
from sweeptree.worktrees.job_card import JobCard, find_card
from sweeptree.worktrees.registry import Entry

NAMED = "_named"  # no name of a sweep begins like this
FOR_A_MOMENT = "merge"
LEAVING, RETURNING = ".leaving-", ".returning-"
_SIDE_FILES = (".json", ".index")
_ASIDE = re.compile(r"^\.(?:leaving|returning)-")


class Kind(StrEnum):
    """Whose a worktree is."""

    MAIN = "main"
    NAMED = "named"
    JOB = "job"
    MOMENT = "moment"
    FOREIGN = "foreign"

    @property
    def is_ours(self) -> bool:
        """Whether sweeptree made it and may take it away."""
        return self in (Kind.NAMED, Kind.JOB)


@dataclass(frozen=True, slots=True)
class Place:
    """One worktree: its name, where its files are, and git's entry (None: the main work tree)."""

    name: str
    kind: Kind
    top: Path
    entry: Entry | None = None
    card: JobCard | None = None


def named_folder(repo: Repository) -> Path:
    """Where the worktrees stand that somebody asked for by name."""
    return repo.wt_dir / NAMED


def notes_folder(repo: Repository, what: str) -> Path:
    """A folder of small files about named worktrees: `leases`, `locks`, `notes`."""
    return named_folder(repo) / f".{what}"


def check_name(name: str) -> str:
    """Return the name, or raise UsageError: it becomes a folder, a ref and files beside them."""
    try:
        check_exp_name(name)
    except ValueError as error:
        text = str(error).replace("a sweep's name", "a worktree's name")
        raise UsageError(f"{name!r} cannot name a worktree: {text}") from error
    if name.endswith(_SIDE_FILES):
        raise UsageError(
            f"{name!r} cannot name a worktree: files of that name stand beside worktrees",
            hint=f"leave out {Path(name).suffix}",
        )
    return name


def all_places(repo: Repository) -> list[Place]:
    """The main work tree and every linked worktree that git knows."""
    main = [] if repo.top == repo.common_dir else [Place("(main)", Kind.MAIN, repo.top)]
    return [*main, *(_place(repo, entry) for entry in registry.entries(repo))]


def our_places(repo: Repository) -> Iterator[Place]:
    """The worktrees that sweeptree made, also those whose folder is gone."""
    return (place for place in all_places(repo) if place.kind.is_ours)


def _place(repo: Repository, entry: Entry) -> Place:
    top = entry.checkout
    if top is None:
        return Place(entry.folder.name, Kind.FOREIGN, entry.folder, entry)
    if top.parent.parent != repo.wt_dir:
        return Place(str(top), Kind.FOREIGN, top, entry)
    return _below_ours(top, entry)


def _below_ours(top: Path, entry: Entry) -> Place:
    usual = usual_top(top)
    folder = usual.parent.name
    name = usual.name if folder == NAMED else f"{folder}/{usual.name}"
    if folder == FOR_A_MOMENT and find_card(usual) is None:
        return Place(name, Kind.MOMENT, top, entry)
    card = find_card(usual)
    if card is None or card.entry != str(entry.folder) or _is_replaced(top, entry):
        return Place(str(top), Kind.FOREIGN, top, entry)
    return Place(name, Kind.NAMED if folder == NAMED else Kind.JOB, top, entry, card)


def _is_replaced(top: Path, entry: Entry) -> bool:
    """Whether something else stands where the worktree was."""
    if not top.exists() and not top.is_symlink():
        return False
    return top.is_symlink() or registry.entry_of(top) != entry.folder


def usual_top(top: Path) -> Path:
    """Where a worktree stands when it is not just being taken away or brought back."""
    return top.with_name(_ASIDE.sub("", top.name))


def aside(top: Path, prefix: str) -> Path:
    """Where a worktree stands while it is taken away (LEAVING) or brought back (RETURNING)."""
    return usual_top(top).with_name(prefix + usual_top(top).name)


def find_ours(repo: Repository, wanted: str) -> Place:
    """The worktree of this name (a job's: SWEEP/job_3) or at this path.

    Raises UsageError when there is none, Refused when it is not ours.
    """
    places = all_places(repo)
    found = [place for place in places if wanted == place.name] or [
        place for place in places if _is_at(place, wanted)
    ]
    if not found:
        raise UsageError(
            f"there is no worktree {wanted!r} in {repo.top}", hint="sweeptree worktree list"
        )
    place = found[0]
    if not place.kind.is_ours:
        raise _not_ours(place)
    return place


def _is_at(place: Place, wanted: str) -> bool:
    return Path(wanted).absolute() == place.top or Path(wanted).resolve() == place.top


def _not_ours(place: Place) -> Refused:
    if place.kind is Kind.MAIN:
        return Refused(f"{place.top} is the repository itself", hint="sweeptree worktree list")
    if place.kind is Kind.MOMENT:
        return Refused(
            f"{place.top} belongs to a command that tests a merge, which removes it",
            hint="sweeptree worktree repair, where that command was killed",
        )
    return Refused(
        f"{place.top} was not made by sweeptree, so it is not touched",
        hint=f"git worktree remove {place.top}",
    )


def moved(place: Place, top: Path) -> Place:
    """The same worktree at another path."""
    return replace(place, top=top)
