"""Leases: which process a named worktree was made for. A lease ends with its process.

Hides how a process is told from a later one with its number: by its start, the boot of the machine,
the host, and the container that its number counts in.
"""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from sweeptree.errors import RecordError, UsageError
from sweeptree.records import read_json
from sweeptree.repository.repository import Repository
from sweeptree.system import clock, processes
from sweeptree.system.files import write_json
from sweeptree.worktrees.manager.places import notes_folder


@dataclass(frozen=True, slots=True)
class Lease:
    """One process that has a worktree.

    `ticks`: its start in clock ticks since boot; `numbers`: the name space of its PID; `since`:
    UTC, ISO 8601.
    """

    pid: int
    ticks: int
    boot: str
    host: str
    numbers: str
    since: str

    @property
    def text(self) -> str:
        """The holder in words."""
        here = "" if self.host == platform.node() else f" on {self.host}"
        return f"process {self.pid}{here} (lease)"

    def is_held(self) -> bool:
        """Whether the process lives; True also where that cannot be seen from here."""
        if self.host != platform.node():
            return True
        if self.boot != processes.boot_id():
            return False
        if self.numbers != _numbers():
            return True
        return processes.start_ticks(self.pid) == self.ticks

    def is_mine(self) -> bool:
        """Whether this process, or one that started it, holds the lease."""
        is_same_world = (self.host, self.boot) == (platform.node(), processes.boot_id())
        return is_same_world and (self.pid, self.ticks) in _ancestors()


def _numbers() -> str:
    """In which name space the PIDs count that we see: a container has its own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _ancestors() -> set[tuple[int, int]]:
    """This process and those that started it."""
    found: set[tuple[int, int]] = set()
    pid: int | None = os.getpid()
    while pid:
        ticks = processes.start_ticks(pid)
        if ticks is None:
            break
        found.add((pid, ticks))
        pid = processes.parent(pid)
    return found


def new_lease(pid: int) -> Lease:
    """A lease for a process. Raises UsageError when there is no such process."""
    ticks = processes.start_ticks(pid)
    if ticks is None:
        raise UsageError(
            f"there is no process {pid} that could hold a lease", hint="--lease_pid 0: no lease"
        )
    return Lease(pid, ticks, processes.boot_id(), platform.node(), _numbers(), clock.utc_now())


def lease_path(repo: Repository, name: str) -> Path:
    """The file with the lease of a named worktree."""
    return notes_folder(repo, "leases") / f"{name}.json"


def write_lease(repo: Repository, name: str, lease: Lease) -> None:
    """Note who has a worktree."""
    path = lease_path(repo, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(lease))


def read_lease(repo: Repository, name: str) -> Lease | None:
    """The lease of a named worktree, held or not; None when there is none."""
    try:
        return Lease(**read_json(lease_path(repo, name)))
    except (RecordError, TypeError):
        return None


def end_lease(repo: Repository, name: str) -> None:
    """Forget who had a worktree."""
    with contextlib.suppress(FileNotFoundError):
        lease_path(repo, name).unlink()
