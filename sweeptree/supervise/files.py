"""The files of one attempt: its lock, its log, what is written about it.

Hides: how a write survives a crash or a full disk, how links and pipes that a job plants are kept
from leading or stopping us, and how a log with a cap keeps its head and its tail. Standard library
only.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from typing import TYPE_CHECKING, Any

from sweeptree.supervise.tree import STOPS, next_signal
from sweeptree.system import locks
from sweeptree.system.files import replace
from sweeptree.system.processes import boot_id, start_ticks

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

# seconds that a full disk may keep us from writing the outcome: it may be a night's work
OUTCOME_PATIENCE = 3600.0
_LOCK_PATIENCE = 0.2
TAIL = 256 * 1024
_FILE = (
    os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
)  # non-blocking: a planted FIFO must not hang us


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


def write_patiently(path: str, value: object) -> bool:
    """Write durably, waiting a bounded time for space.

    A stop signal ends the wait; False: not written.
    """
    deadline, pause = time.monotonic() + OUTCOME_PATIENCE, 0.05
    while True:
        try:
            write_aside(path, value, durable=True)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or time.monotonic() > deadline:
                return False
            if next_signal(pause) in STOPS:
                return False
            pause = min(pause * 2, 1.0)
        else:
            return True


def open_log(path: str) -> int:
    """Open a log for appending.

    Raises SetupError for a link, a FIFO, a missing folder, no space.
    """
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _FILE, 0o644)
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
        log = os.open(path, os.O_RDONLY | _FILE)
    except OSError:
        return ""
    try:
        size = os.fstat(log).st_size
        lines = os.pread(log, 4096, max(0, size - 4096)).decode(errors="replace").splitlines()
    finally:
        os.close(log)
    return next((line.strip() for line in reversed(lines) if what in line), "")


def hold_alive(launch: dict[str, Any]) -> None:
    """Lock this attempt for as long as we live.

    Raises SetupError when another keeper has it or had it.
    """
    try:
        # patient: somebody who asks whether we live holds the lock for a moment
        alive = locks.take(launch["alive"], patience=_LOCK_PATIENCE)
    except BlockingIOError:
        raise SetupError(f"{launch['name']} is being run by another keeper") from None
    except OSError as error:
        raise SetupError(f"{launch['alive']} cannot be written: {error.strerror}") from error
    if os.path.lexists(launch["outcome"]):
        raise SetupError(f"{launch['name']} has already been run")
    who = {
        "pid": os.getpid(),
        "ticks": start_ticks(os.getpid()) or 0,
        "boot": boot_id(),
        "name": launch["name"],
    }
    try:
        os.ftruncate(alive, 0)
        os.pwrite(alive, json.dumps(who).encode(), 0)
    except OSError as error:
        raise SetupError(f"{launch['alive']} cannot be written: {error.strerror}") from error


def _thread_for(work: Callable[[], None]) -> threading.Thread:
    import threading  # only here: every fork after this import pays for it

    return threading.Thread(target=work, daemon=True)


class Pump:
    """Copies a command's output to its log and keeps head and tail of what is over `cap` bytes.

    Only a log with a cap needs it: otherwise the command writes to the file itself and costs us
    nothing.
    """

    def __init__(self, log: int, cap: int) -> None:
        self.source, self.sink = os.pipe()
        self._log, self._tail_size = log, min(cap // 2, TAIL)
        self._room = cap - self._tail_size
        self._tail: list[bytes] = []
        self.kept = self.total = self._held = 0
        self._finished = False
        self._thread = _thread_for(self._copy)

    def start(self) -> None:
        """Begin to copy; the command must have its end by now."""
        os.close(self.sink)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the rest and write the tail.

        A writer outside the tree may keep us for a second at most.

        A second call does nothing.
        """
        if self._finished:
            return
        self._finished = True
        self._thread.join(1.0)
        tail = b"".join(self._tail)[-self._tail_size :] if self._tail_size else b""
        left_out = self.total - self.kept - len(tail)
        if left_out > 0:
            self._write(f"\n[sweeptree: {left_out} bytes left out, the log is capped]\n".encode())
        self.kept += self._write(tail)

    def _copy(self) -> None:
        while data := os.read(self.source, 1 << 16):
            self.total += len(data)
            head, data = data[: self._room], data[self._room :]
            self._room -= len(head)
            self.kept += self._write(head)
            if data and self._tail_size:
                self._tail.append(data)
                self._held += len(data)
                while self._held - len(self._tail[0]) >= self._tail_size:
                    self._held -= len(self._tail.pop(0))

    def _write(self, data: bytes) -> int:
        done = 0
        with contextlib.suppress(
            OSError
        ):  # a full disk: go on reading, or the command would block for ever
            while done < len(data):
                done += os.write(self._log, data[done:])
        return done
