"""Which processes there are, who they are and who started whom.

Hides /proc. A PID alone names nobody, since numbers are used again: with the start time (`ticks`,
clock ticks since boot) it does. Where there is no /proc (macOS) nothing is seen. Standard library
only, and of it `os` alone: keepers load this before every job.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Family = dict[int, list[tuple[int, int, str]]]

_SMALL = 65536
_STATE, _PARENT, _START = 0, 1, 19  # fields of proc(5) stat, counted after the command's name
_known_boot: list[str] = []


def read_small(path: str) -> bytes:
    """The first 64 KiB of a file of the kernel's, by a plain read: buffers would cost time."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, _SMALL)
    finally:
        os.close(file)


def read_whole(path: str) -> bytes:
    """A file of the kernel's, whole; empty when it cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return b"".join(_parts(file))
    except OSError:
        return b""
    finally:
        os.close(file)


def _parts(file: int) -> Iterator[bytes]:
    while part := os.read(file, _SMALL):
        yield part


def _stat_fields(pid: int) -> list[str]:
    """The fields of a process after its command's name; empty when there is no such process."""
    try:
        stat = read_small(f"/proc/{pid}/stat")
    except OSError:
        return []
    return stat.rpartition(b")")[2].decode().split()


def start_ticks(pid: int) -> int | None:
    """When a process started: with its PID an identity. None: there is no such process."""
    fields = _stat_fields(pid)
    return int(fields[_START]) if len(fields) > _START else None


def parent(pid: int) -> int | None:
    """Who started a process, or took it over; None: there is no such process."""
    fields = _stat_fields(pid)
    return int(fields[_PARENT]) if len(fields) > _PARENT else None


def is_stopped(pid: int, ticks: int) -> bool:
    """Whether exactly that process is stopped (SIGSTOP, a debugger): it answers nobody."""
    fields = _stat_fields(pid)
    if len(fields) <= _START or int(fields[_START]) != ticks:
        return False
    return fields[_STATE] in "Tt"


def is_running(pid: int, ticks: int) -> bool:
    """Whether exactly that process runs, or sleeps so that a signal would reach it at once."""
    fields = _stat_fields(pid)
    if len(fields) <= _START or int(fields[_START]) != ticks:
        return False
    return fields[_STATE] in "RS"


def environment(pid: int) -> bytes:
    """NAME=value, each ended by a zero byte, as the process was started; empty when not for us."""
    return read_whole(f"/proc/{pid}/environ")


def boot_id() -> str:
    """What tells this boot of the machine from every other ('' where there is no such thing)."""
    if not _known_boot:
        _known_boot.append(_read_boot_id())
    return _known_boot[0]


def _read_boot_id() -> str:
    try:
        return read_small("/proc/sys/kernel/random/boot_id").decode().strip()
    except OSError:
        return ""


def all_pids() -> list[int]:
    """Every process that can be seen."""
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib is too dear for the keeper
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit()]


def descendants(*roots: int, zombies: bool = False) -> list[tuple[int, int]]:
    """The (PID, start ticks) of every descendant of `roots`, in one look at all processes.

    A zombie counts only if asked for: nothing can be done to it, unless threads of its process
    still run.
    """
    children = _children()
    found, todo = [], list(roots)
    while todo:
        for pid, ticks, state in children.get(todo.pop(), ()):
            todo.append(pid)
            if zombies or state not in "ZX":
                found.append((pid, ticks))
    return found


def _children() -> Family:
    """PID, start ticks and state of the children of each process that has some."""
    children: Family = {}
    for pid in all_pids():
        fields = _stat_fields(pid)
        if len(fields) > _START:
            child = (pid, int(fields[_START]), fields[_STATE])
            children.setdefault(int(fields[_PARENT]), []).append(child)
    return children
