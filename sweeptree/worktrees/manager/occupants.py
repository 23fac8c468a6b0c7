"""Who lives in worktrees: the processes whose working folder, variables or open files are there.

Hides /proc. Processes of other users cannot be looked into: only their leases tell of them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.system import processes

_PROCESSES = Path("/proc")
_VARIABLE = b"SWEEPTREE_WORKTREE="


@dataclass(frozen=True, slots=True)
class Occupant:
    """A process and the folders that it is in: its working folder and the worktree it was given."""

    pid: int
    name: str
    folders: tuple[str, ...]

    def is_in(self, top: Path) -> bool:
        """Whether one of its folders is the worktree or lies in it."""
        return any(_is_below(folder, str(top)) for folder in self.folders)

    @property
    def text(self) -> str:
        """The process in words."""
        return f"process {self.pid} ({self.name})"


def _is_below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def everybody() -> tuple[Occupant, ...]:
    """Every process that can be looked into, in one look. Raises Refused where there is no /proc:
    nobody could tell who works in a worktree."""
    if not (_PROCESSES / "self").exists():
        raise Refused(
            "it cannot be found out which processes work in a worktree: there is no /proc",
            hint="remove worktrees on a machine with Linux",
        )
    found = (_occupant(pid) for pid in processes.all_pids())
    return tuple(each for each in found if each is not None)


def _occupant(pid: int) -> Occupant | None:
    folders = [*_working_folder(pid), *_given_worktree(pid)]
    return Occupant(pid, _name(pid), tuple(folders)) if folders else None


def _working_folder(pid: int) -> Iterable[str]:
    with contextlib.suppress(OSError):
        yield str((_PROCESSES / str(pid) / "cwd").readlink())


def _given_worktree(pid: int) -> Iterable[str]:
    for variable in processes.environment(pid).split(b"\0"):
        if variable.startswith(_VARIABLE):
            yield os.fsdecode(variable.removeprefix(_VARIABLE))


def _name(pid: int) -> str:
    try:
        return (_PROCESSES / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "?"


def living_in(top: Path, people: Iterable[Occupant]) -> list[Occupant]:
    """Those of the processes that are in the worktree."""
    return [one for one in people if one.is_in(top)]


def writers_in(top: Path) -> list[Occupant]:
    """The processes that have a file in the worktree open, wherever they work."""
    found = (pid for pid in processes.all_pids() if _has_open_file(pid, str(top)))
    return [Occupant(pid, _name(pid), ()) for pid in found]


def _has_open_file(pid: int, top: str) -> bool:
    folder = _PROCESSES / str(pid) / "fd"
    try:
        handles = list(folder.iterdir())
    except OSError:
        return False
    return any(_leads_below(handle, top) for handle in handles)


def _leads_below(handle: Path, top: str) -> bool:
    try:
        return _is_below(str(handle.readlink()), top)
    except OSError:
        return False
