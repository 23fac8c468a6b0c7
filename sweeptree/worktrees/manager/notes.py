"""What is known of a named worktree beside its card: how it was asked for and how far it came.

Hides the file, and the lock by which one command at a time changes a worktree.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sweeptree.errors import RecordError, Refused
from sweeptree.records import read_json
from sweeptree.repository.repository import Repository
from sweeptree.system import locks
from sweeptree.system.files import write_json
from sweeptree.worktrees.manager.places import Kind, Place, notes_folder
from sweeptree.worktrees.pool_lock import take_lock

_PATIENCE = 10.0  # seconds that another command may need with a worktree


@dataclass(frozen=True, slots=True)
class Note:
    """How a named worktree was asked for.

    `ready`: False until it was handed out; `port`: the first of its ports; `setup`: its set-up
    command; `setup_paths`: what that made, below the top; `setup_end`: when it ended, in ns.
    """

    name: str
    ref: str
    made: str
    ready: bool = False
    branch: str | None = None
    port: int | None = None
    setup: str | None = None
    setup_paths: tuple[str, ...] = ()
    setup_end: int = 0


def note_path(repo: Repository, name: str) -> Path:
    """The file of a named worktree's note."""
    return notes_folder(repo, "notes") / f"{name}.json"


def write_note(repo: Repository, note: Note) -> None:
    """Write the note of a named worktree, durably."""
    path = note_path(repo, note.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(note))


def read_note(repo: Repository, name: str) -> Note | None:
    """The note of a named worktree; None when there is none."""
    try:
        value = read_json(note_path(repo, name))
        return Note(**{**value, "setup_paths": tuple(value["setup_paths"])})
    except (RecordError, TypeError, KeyError):
        return None


def all_notes(repo: Repository) -> list[Note]:
    """The notes of all named worktrees."""
    paths = sorted(notes_folder(repo, "notes").glob("*.json"))
    found = [read_note(repo, path.stem) for path in paths]
    return [note for note in found if note is not None]


def end_note(repo: Repository, name: str) -> None:
    """Forget how a worktree was asked for."""
    note_path(repo, name).unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(repo: Repository, place: Place) -> Iterator[None]:
    """No other command changes this worktree meanwhile; for a job's, its sweep does not run.

    Raises Refused.
    """
    if place.kind is Kind.JOB:
        handle = take_lock(place.top.parent)
        try:
            yield
        finally:
            os.close(handle)
        return
    with name_lock(repo, place.name):
        yield


@contextlib.contextmanager
def name_lock(
    repo: Repository, name: str, *, patience: float = _PATIENCE, is_new: bool = False
) -> Iterator[None]:
    """One command at a time works on the name of a worktree. Raises Refused."""
    path = notes_folder(repo, "locks") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = locks.hold(path, patience=patience)
    except BlockingIOError:
        doing = "makes" if is_new else "works on"
        raise Refused(
            f"another command {doing} the worktree {name}", hint="sweeptree worktree list"
        ) from None
    with held:
        yield


def is_in_work(repo: Repository, place: Place) -> bool:
    """Whether a living command makes, removes or restores the worktree, or its sweep runs."""
    if place.kind is Kind.JOB:
        return locks.is_held(place.top.parent / ".lock")
    return locks.is_held(notes_folder(repo, "locks") / place.name)
