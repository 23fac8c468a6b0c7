"""Cleaning up: which worktrees may go, and why each of the others stays.

Hides that the plan and the deed are the same: each worktree is judged again as it is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.repository.repository import Repository
from sweeptree.worktrees.manager.losses import Losses
from sweeptree.worktrees.manager.occupants import Occupant, everybody
from sweeptree.worktrees.manager.places import Place, our_places
from sweeptree.worktrees.manager.removal import (
    Fate,
    Removal,
    from_main,
    own_losses,
    remove,
    sweep_runs,
    why_in_use,
)
from sweeptree.worktrees.manager.survey import Row, survey

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CleanOrder:
    """What is to go.

    `merged`: only what the trunk has all commits of; `older_than`: not used for so many seconds;
    `keep`: so many of the last used stay; `max_disk` in MiB: only as many go, the longest unused
    first, as bring all of ours below it; `salvage`: also what holds work, after it was saved.
    """

    merged: bool = False
    older_than: float = 0.0
    keep: int = 0
    max_disk: int | None = None
    salvage: bool = False


def clean(repo: Repository, order: CleanOrder, *, dry_run: bool) -> list[Removal]:
    """Remove what may go; says of each worktree of ours what became of it, or would, and why."""
    repo = from_main(repo)
    judged = list(_judged(repo, order))
    if dry_run:
        return judged
    return [_done(repo, order, each) for each in judged]


def _done(repo: Repository, order: CleanOrder, planned: Removal) -> Removal:
    if planned.fate is Fate.KEPT:
        return planned
    try:
        if not order.salvage:
            _check_no_work(repo, planned)
        return replace(remove(repo, planned.name), size=planned.size)
    except (SweeptreeError, OSError) as error:
        return replace(planned, fate=Fate.KEPT, why=str(error), what="")


def _check_no_work(repo: Repository, planned: Removal) -> None:
    """Work that came since it was judged keeps it."""
    for place in our_places(repo):
        if place.name == planned.name:
            work = own_losses(repo, place)
            if work:
                raise Refused(f"it holds work: {work.text}")


def _judged(repo: Repository, order: CleanOrder) -> Iterator[Removal]:
    rows = sorted((row for row in survey(repo) if row.kind.is_ours), key=lambda row: row.age)
    places = {place.name: place for place in our_places(repo)}
    people = everybody()
    room = _Room(rows, order)
    going: list[Removal] = []
    for row in rows[order.keep :]:
        place = places.get(row.name)
        if place is None:
            continue
        going.append(_judge(repo, order, row, place, _in_use(repo, place, people)))
    for row in rows[: order.keep]:
        yield _kept(row, f"it is one of the {order.keep} last used")
    yield from reversed(room.fitting(list(reversed(going))))


def _in_use(repo: Repository, place: Place, people: tuple[Occupant, ...]) -> str:
    reason = why_in_use(repo, place, people)
    if reason is not None:
        return reason[0]
    return "its sweep runs" if sweep_runs(repo, place) else ""


def _judge(repo: Repository, order: CleanOrder, row: Row, place: Place, in_use: str) -> Removal:
    """What becomes of one worktree, room on the disk aside."""
    if in_use:
        return _kept(row, in_use)
    if row.age < order.older_than:
        return _kept(row, f"it was used {_days(row.age)} ago")
    if order.merged and not row.is_merged:
        return _kept(row, f"{row.base} lacks {row.ahead} of its commits")
    losses = own_losses(repo, place)
    if not order.salvage:
        work = _work(row, losses)
        if work:
            return _kept(row, f"it holds work: {work}")
    fate = Fate.SAVED if losses else Fate.REMOVED
    return Removal(row.name, row.path, fate, what=losses.text, size=row.size)


def _work(row: Row, losses: Losses) -> str:
    """What only this worktree or its branch has, in words."""
    if losses:
        return losses.text
    is_pushed = row.unpushed == 0
    if row.is_merged or is_pushed or row.head is None:
        return ""
    return f"{row.ahead} commits that neither {row.base} nor a remote has"


def _kept(row: Row, why: str) -> Removal:
    return Removal(row.name, row.path, Fate.KEPT, why=why, size=row.size)


def _days(seconds: float) -> str:
    for size, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            many = int(seconds // size)
            return f"{many} {noun}" + ("s" if many > 1 else "")
    return "less than a minute"


@dataclass(frozen=True, slots=True)
class _Room:
    """How much disk our worktrees use, and may use."""

    rows: Sequence[Row]
    order: CleanOrder

    def fitting(self, oldest_first: Sequence[Removal]) -> list[Removal]:
        """The same, but what need not go for the sake of the disk stays."""
        if self.order.max_disk is None:
            return list(oldest_first)
        used, limit = sum(row.size for row in self.rows), self.order.max_disk * _MIB
        found: list[Removal] = []
        for each in oldest_first:
            if each.fate is not Fate.KEPT and used <= limit:
                found.append(replace(each, fate=Fate.KEPT, what="", why="there is room for it"))
                continue
            if each.fate is not Fate.KEPT:
                used -= each.size
            found.append(each)
        return found
