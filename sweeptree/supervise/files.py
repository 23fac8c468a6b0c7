"""The files of one attempt: its lock, its log, what is written about it.

Hides: how a write survives a crash or a full disk, and how links and pipes that a job plants are
kept from leading or stopping us. Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time

from sweeptree.supervise.tree import STOPS, next_signal
from sweeptree.system import locks
from sweeptree.system.files import replace
from sweeptree.system.locks import OPEN_SAFELY
from sweeptree.system.processes import boot_id, start_ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# seconds that a full disk may keep us from writing the outcome: it may be a night's work
OUTCOME_PATIENCE = 3600.0
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_LAST = 4096  # bytes of a log in which its last words are looked for
# bytes: the file `alive` is that long, and gives up all but its first block once there is an
# outcome to be written, for which a full disk has no other room
KEPT_ROOM = 8192
_BLOCK = 4096


class SetupError(Exception):
    """The command was not started; the text is the outcome's reason."""


def write_aside(path: str, value: object, *, durable: bool) -> None:
    """Replace a file by the JSON of `value`: old or new, never half.

    Raises OSError, leaving nothing beside it.
    """
    parent, name = os.path.split(path)
    folder = os.open(parent or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        replace(folder, name, json.dumps(value).encode() + b"\n", durable=durable)
    finally:
        os.close(folder)


def write_patiently(path: str, value: object, alive: int) -> bool:
    """Write durably, on a full disk with the room that `alive` has kept, else waiting a bounded
    time for space.

    A stop signal ends the wait; False: not written.
    """
    deadline, pause = time.monotonic() + OUTCOME_PATIENCE, _FIRST_PAUSE
    while True:
        try:
            write_aside(path, value, durable=True)
            _give_room(alive)
            return True
        except OSError as error:
            if error.errno not in _NO_SPACE or time.monotonic() > deadline:
                return False
        _give_room(alive)
        if next_signal(pause) in STOPS:
            return False
        pause = min(pause * 2, _LONGEST_PAUSE)


def open_log(path: str) -> int:
    """Open a log for appending.

    Raises SetupError for a link, a FIFO, a missing folder, no space.
    """
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPEN_SAFELY, 0o644)
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise SetupError(f"the log {path} cannot be written: {why}") from error
    if not stat.S_ISREG(os.fstat(log).st_mode):
        os.close(log)
        raise SetupError(f"the log {path} cannot be written: it is not a file")
    os.set_blocking(log, True)
    return log


def last_words(path: str, what: str) -> str:
    """The last line of a log that holds `what`, or ''."""
    try:
        log = os.open(path, os.O_RDONLY | OPEN_SAFELY)
    except OSError:
        return ""
    try:
        size = os.fstat(log).st_size
        end = os.pread(log, _LAST, max(0, size - _LAST))
    finally:
        os.close(log)
    lines = end.decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if what in line), "")


def hold_alive(launch: dict[str, Any]) -> int:
    """Lock this attempt for as long as we live; the handle of the lock, whose file keeps some room
    on the disk for the outcome.

    Raises SetupError when another keeper has it or had it.
    """
    alive = _lock(launch)
    if os.path.lexists(launch["outcome"]):
        raise SetupError(f"{launch['name']} has already been run")
    try:
        os.ftruncate(alive, 0)
        _write_all(alive, json.dumps(_identity(launch)).encode().ljust(KEPT_ROOM))
    except OSError as error:
        raise SetupError(f"{launch['alive']} cannot be written: {error.strerror}") from error
    return alive


def _write_all(file: int, data: bytes) -> None:
    written = 0
    while written < len(data):  # a nearly full disk writes less than asked, without an error
        written += os.pwrite(file, data[written:], written)


def _give_room(alive: int) -> None:
    with contextlib.suppress(OSError):
        if os.fstat(alive).st_size > _BLOCK:
            os.ftruncate(alive, _BLOCK)


def _lock(launch: dict[str, Any]) -> int:
    try:
        return locks.take(launch["alive"])
    except BlockingIOError:
        raise SetupError(f"{launch['name']} is being run by another keeper") from None
    except OSError as error:
        raise SetupError(f"{launch['alive']} cannot be written: {error.strerror}") from error


def _identity(launch: dict[str, Any]) -> dict[str, Any]:
    pid = os.getpid()
    ticks = start_ticks(pid) or 0
    return {
        "pid": pid,
        "ticks": ticks,
        "boot": boot_id(),
        "name": launch["name"],
        "host": launch.get("host") or os.uname().nodename,
    }
