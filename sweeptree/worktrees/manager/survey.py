"""All worktrees of a repository at a glance: what is in each, how far it is, who uses it.

Hides that this costs one git command per worktree and three for all of them together, and one look
at the machine's processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.repository import plumbing
from sweeptree.repository.commits import status_path
from sweeptree.repository.repository import Repository
from sweeptree.worktrees import registry
from sweeptree.worktrees.manager.history import Trunk, distances, find_trunk, unpushed
from sweeptree.worktrees.manager.lease import read_lease
from sweeptree.worktrees.manager.losses import CAREFUL
from sweeptree.worktrees.manager.notes import Note, all_notes, is_in_work
from sweeptree.worktrees.manager.occupants import Occupant, everybody, living_in
from sweeptree.worktrees.manager.places import Kind, Place, all_places
from sweeptree.worktrees.manager.removal import from_main

_BLOCK = 512  # bytes that st_blocks counts


@dataclass(frozen=True, slots=True)
class Row:
    """One worktree.

    `ahead`, `behind`: commits against the trunk (`base`); `changed`, `made`: tracked and new files
    that differ; `unpushed`: commits that no remote has, None without a remote; `size` in bytes;
    `age`: seconds since it was last used; `users`: who has it; `trouble`: what is wrong with it.
    """

    name: str
    kind: Kind
    path: str
    branch: str | None
    head: str | None
    base: str
    ahead: int
    behind: int
    changed: int
    made: int
    unpushed: int | None
    size: int
    age: float
    users: tuple[str, ...]
    port: int | None
    trouble: str

    @property
    def is_ours(self) -> bool:
        """Whether sweeptree made it."""
        return self.kind.is_ours or self.kind is Kind.MOMENT

    @property
    def is_merged(self) -> bool:
        """Whether the trunk has all its commits."""
        return self.head is not None and self.ahead == 0


def survey(repo: Repository, *, sizes: bool = True) -> list[Row]:
    """Every worktree of the repository, the main one first. Reads only."""
    repo = from_main(repo)
    places = all_places(repo)
    heads = _heads(repo, places)
    trunk = find_trunk(repo)
    known = [head for head in heads.values() if head]
    shared = _Shared(
        trunk=trunk,
        distances=distances(repo, trunk, known),
        unpushed=unpushed(repo, known),
        people=_people(),
        notes={note.name: note for note in all_notes(repo)},
        sizes=sizes,
    )
    return [_row(repo, place, heads[place.name], shared) for place in places]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What is asked once for all worktrees."""

    trunk: Trunk
    distances: Mapping[str, tuple[int, int]]
    unpushed: Mapping[str, int] | None
    people: tuple[Occupant, ...]
    notes: Mapping[str, Note]
    sizes: bool


def _people() -> tuple[Occupant, ...]:
    return everybody() if Path("/proc/self").exists() else ()


def _heads(repo: Repository, places: Iterable[Place]) -> dict[str, str | None]:
    """The commit that each worktree is on, asked for all of them at once."""
    names = {place.name: registry.head_name(_git_dir(repo, place)) for place in places}
    wanted = dict.fromkeys(name for name in names.values() if name)
    data = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    words = ("cat-file", "--batch-check=%(objecttype) %(objectname)")
    answers = plumbing.run(repo.top, *words, call=plumbing.Call(data)).decode().splitlines()
    found = [_commit_in(answer) for answer in answers]
    commits = dict(zip(wanted, found, strict=True))
    return {place: commits.get(name) for place, name in names.items()}


def _commit_in(answer: str) -> str | None:
    kind, _, found = answer.partition(" ")
    return found if kind == "commit" else None


def _git_dir(repo: Repository, place: Place) -> Path:
    return place.entry.folder if place.entry else repo.common_dir


def _row(repo: Repository, place: Place, head: str | None, shared: _Shared) -> Row:
    changed, made, trouble = _state(place)
    ahead, behind = shared.distances.get(head or "", (0, 0))
    note = shared.notes.get(place.name) if place.kind is Kind.NAMED else None
    git_dir = _git_dir(repo, place)
    return Row(
        name=place.name,
        kind=place.kind,
        path=str(place.top),
        branch=registry.branch_of(git_dir),
        head=head,
        base=shared.trunk.name,
        ahead=ahead,
        behind=behind,
        changed=changed,
        made=made,
        unpushed=None if shared.unpushed is None else shared.unpushed.get(head or "", 0),
        size=tree_size(place.top) if shared.sizes else 0,
        age=age_of(place.top, git_dir),
        users=tuple(_users(repo, place, shared.people)),
        port=note.port if note else None,
        trouble=trouble or _unready(repo, place, note),
    )


def _state(place: Place) -> tuple[int, int, str]:
    """Changed and new files; what is wrong."""
    if place.entry is not None and place.entry.lock is not None:
        said = f": {place.entry.lock}" if place.entry.lock else ""
        trouble = f"locked{said}"
    else:
        trouble = ""
    if not place.top.is_dir():
        return 0, 0, trouble or "its folder is gone"
    words = ("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=normal")
    answer = plumbing.ask(place.top, *CAREFUL, *words)
    if answer.code:
        return 0, 0, answer.error().message
    entries = [entry for entry in plumbing.names(answer.out) if _counts(place, entry)]
    made = sum(entry[0] == "?" for entry in entries)
    return len(entries) - made, made, trouble


def _counts(place: Place, entry: str) -> bool:
    card = place.card
    return card is None or not card.is_untouched(place.top, status_path(entry).rstrip("/"))


def _unready(repo: Repository, place: Place, note: Note | None) -> str:
    if note is None or note.ready:
        return ""
    return "is being made" if is_in_work(repo, place) else "was never finished"


def _users(repo: Repository, place: Place, people: Iterable[Occupant]) -> Iterable[str]:
    lease = read_lease(repo, place.name) if place.kind is Kind.NAMED else None
    if lease is not None and lease.is_held():
        yield lease.text
    if place.kind is Kind.JOB and is_in_work(repo, place):
        yield f"sweep {place.top.parent.name}"
    yield from (one.text for one in living_in(place.top, people))


def tree_size(top: Path) -> int:
    """Bytes on disk of a worktree; links are not followed, nor is another disk entered."""
    total, todo = 0, [str(top)]
    while todo:
        try:
            with os.scandir(todo.pop()) as found:
                entries = list(found)
        except OSError:
            continue
        total += _size_of(entries, todo)
    return total


def _size_of(entries: Sequence[os.DirEntry[str]], todo: list[str]) -> int:
    total = 0
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in (".git", ".sweeptree"):
                    todo.append(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
        except OSError:
            continue
    return total


def age_of(top: Path, git_dir: Path) -> float:
    """Seconds since something was last done in a worktree: its index, HEAD or top changed."""
    files = (top, git_dir / "index", git_dir / "HEAD", git_dir / "logs" / "HEAD")
    times = [_mtime(file) for file in files]
    return max(0.0, time.time() - max(times))


def _mtime(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
