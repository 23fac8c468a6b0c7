"""The card beside a worktree: what it was made from, and what sweeptree put into it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, WorktreeGone
from sweeptree.records import read_json
from sweeptree.system.files import write_json
from sweeptree.worktrees.links import STORE, LinksAndCopies
from sweeptree.worktrees.registry import entry_of


@dataclass(frozen=True, slots=True)
class JobCard:
    """What is known of a worktree, kept beside it so that any later command can judge it.

    `store`: where its copies came from; empty: the folder beside the worktrees of its sweep.
    """

    exp_name: str
    base: str
    entry: str
    common_dir: str
    source: str
    links: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    job: int | None = None
    shared: dict[str, str] = field(default_factory=dict)
    store: str = ""

    def is_untouched(self, top: Path, path: str) -> bool:
        """True for a path that sweeptree put into the worktree at `top`, and that still is so."""
        store = Path(self.store) if self.store else top.parent / STORE
        extras = LinksAndCopies(Path(self.source), store, self.links, self.copies)
        return extras.is_untouched(top, path)


def card_path(top: Path) -> Path:
    """The card of the worktree at `top`."""
    return top.with_name(f"{top.name}.json")


def index_path(top: Path) -> Path:
    """The index that the worktree at `top` was made with."""
    return top.with_name(f"{top.name}.index")


def write_card(top: Path, card: JobCard) -> None:
    """Write the card of a worktree."""
    write_json(card_path(top), asdict(card), durable=False)


def read_card(top: Path) -> JobCard:
    """The card of a worktree.

    Raises WorktreeGone when there is none: sweeptree did not make this worktree.
    """
    try:
        value: dict[str, Any] = read_json(card_path(top))
        value["links"] = tuple(value["links"])
        value["copies"] = tuple(value["copies"])
        return JobCard(**value)
    except (RecordError, TypeError, KeyError) as error:
        raise WorktreeGone(
            f"{top} is not a worktree that sweeptree made", hint="git worktree list"
        ) from error


def find_card(top: Path) -> JobCard | None:
    """The card of a worktree; None when sweeptree did not make it."""
    try:
        return read_card(top)
    except WorktreeGone:
        return None


def checked_card(top: Path) -> JobCard:
    """The card of a worktree that still is what it was made as. Raises WorktreeGone."""
    card = read_card(top)
    if not _is_registered(top, card):
        raise WorktreeGone(
            f"the worktree {top} was removed or replaced by somebody else", hint="git worktree list"
        )
    return card


def _is_registered(top: Path, card: JobCard) -> bool:
    entry = entry_of(top)
    return entry is not None and str(entry.resolve()) == card.entry and entry.is_dir()
