"""A job's process tree: held whole, watched without polling, ended without leaving anything.

Hides: that an orphan of the job comes back to the keeper (sub-reaper), so that "no child" means
"nothing lives"; that a PID alone names nobody (start ticks and pidfd do); that whoever is to be
killed is stopped first, so that it cannot outrun us by forking. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Meter(Protocol):
        """What looks at a running job now and then: `due` is the monotonic time of the next look."""

        due: float

        def sample(self) -> str | None:
            """Look once; a text ends the job."""


KILL_NOW = signal.SIGUSR1
STOPS = frozenset((signal.SIGTERM, KILL_NOW))
# What keepers ignore: a terminal's end is not theirs; the last two are Python's own choice.
IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)
WATCHED = frozenset((signal.SIGCHLD, *STOPS))
PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
_LIBC = ctypes.CDLL(None)
_HAS_PROC = os.path.isdir("/proc/self")  # noqa: PTH112 - without it (macOS) only the command's session is held


def prctl(option: int, value: int | bytes) -> None:
    """Set an attribute of this process; does nothing where there is no prctl."""
    if sys.platform == "linux":
        _LIBC.prctl(option, value, 0, 0, 0)


def read_small(path: str) -> bytes:
    """The first 64 KiB of a file of the kernel's.

    A plain read: buffers would cost each keeper time.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 65536)
    finally:
        os.close(file)


def _stat_fields(pid: int) -> list[str]:
    return read_small(f"/proc/{pid}/stat").rpartition(b")")[2].decode().split()


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot: with its PID an identity.

    None: there is none.
    """
    try:
        return int(_stat_fields(pid)[19])
    except (OSError, ValueError, IndexError):
        return None


@functools.cache
def boot_id() -> str:
    """What tells this boot of the machine from every other ('' where there is no such thing)."""
    try:
        return read_small("/proc/sys/kernel/random/boot_id").decode().strip()
    except OSError:
        return ""


@functools.cache
def _has_handles() -> bool:
    """Whether kernel and Python know pidfds. Linux before 5.3 and many a conda Python do not."""
    if not (hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def handle_of(pid: int, ticks: int) -> int | None:
    """A pidfd of exactly that process; None when it is gone or there are no pidfds.

    The caller closes it.
    """
    if pid <= 0 or not _has_handles():
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if start_ticks(pid) == ticks:
        return handle
    os.close(handle)
    return None


def send(pid: int, ticks: int, number: int) -> bool:
    """Signal exactly that process, never one that got its PID later.

    False: it could not be reached.
    """
    if not _has_handles():
        return pid > 0 and (start_ticks(pid) or 0) == ticks and _kill(pid, number)
    handle = handle_of(pid, ticks)
    if handle is None:
        return False
    try:
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def all_pids() -> list[int]:
    """Every process that can be seen; none where there is no /proc."""
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]
    return []


def descendants(*roots: int, zombies: bool = False) -> list[tuple[int, int]]:
    """The (PID, start ticks) of every descendant of `roots`, in one look at all processes.

    A zombie counts only if asked for: nothing can be done to it, unless threads of its process
    still run.
    """
    children: dict[int, list[tuple[int, int, str]]] = {}
    for pid in all_pids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = _stat_fields(pid)
            children.setdefault(int(fields[1]), []).append((pid, int(fields[19]), fields[0]))
    found, todo = [], list(roots)
    while todo:
        for pid, ticks, state in children.get(todo.pop(), ()):
            todo.append(pid)
            if zombies or state not in "ZX":
                found.append((pid, ticks))
    return found


def next_signal(seconds: float | None) -> int | None:
    """The next watched signal, or None after `seconds`.

    They are blocked, so none is lost between two calls.
    """
    if seconds is None:
        return signal.sigwait(WATCHED)
    if hasattr(signal, "sigtimedwait"):
        got = signal.sigtimedwait(WATCHED, max(0.0, seconds))
        return got.si_signo if got else None
    return _poll_signal(time.monotonic() + seconds)


def _poll_signal(deadline: float) -> int | None:
    while not (pending := signal.sigpending() & WATCHED):
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(left, 0.02))
    return signal.sigwait(pending)


class Tree:
    """Everything the command started.

    We are its sub-reaper: no child of ours means that nothing lives.
    """

    def __init__(self) -> None:
        self.main = 0
        self.status: int | None = None
        self.peak_kb = 0
        self.empty = True

    def adopt_main(self, pid: int) -> None:
        """Take the command's first process."""
        self.main, self.empty = pid, False

    def reap(self) -> None:
        """Collect what has ended; sets `status` once the first process has, `empty` once all have."""
        while not self.empty:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.empty = True
                return
            if pid == 0:
                return
            self.peak_kb = max(self.peak_kb, usage.ru_maxrss)
            if pid == self.main:
                self.status = os.waitstatus_to_exitcode(status)

    def watch(self, deadline: float | None, meter: Meter | None = None) -> tuple[str, bool]:
        """Wait for the first process.

        Says how it came to an end, and whether that is to be done at once.

        A `meter` is asked when it is due; what it answers ends the job.
        """
        while True:
            self.reap()
            if self.status is not None:
                return "exited", False
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return "timed_out", False
            if meter is not None:
                if meter.due <= time.monotonic() and meter.sample() is not None:
                    return "failed", False
                idle = max(0.0, meter.due - time.monotonic())
                left = idle if left is None else min(left, idle)
            got = next_signal(left)
            if got in STOPS:
                return "cancelled", got == KILL_NOW

    def end(self, grace: float) -> None:
        """Ask all to stop, wait `grace` seconds, then kill until nothing lives.

        A stop signal cuts the grace.
        """
        if grace > 0:
            self._send(signal.SIGTERM, signal.SIGCONT)  # CONT: a stopped job must see it
        deadline, pause = time.monotonic() + grace, 0.005
        while True:
            self.reap()
            left = deadline - time.monotonic()
            if self.empty:
                return
            if left > 0:
                if next_signal(left) in STOPS:
                    deadline = 0.0
                continue
            self._send(signal.SIGSTOP)  # who is stopped forks no more
            self._send(signal.SIGKILL)
            next_signal(pause)
            pause = min(pause * 2, 0.25)

    def _send(self, *numbers: int) -> None:
        if _HAS_PROC:
            send_all(descendants(os.getpid(), zombies=True), *numbers)
            return
        for number in numbers:
            with contextlib.suppress(OSError):
                os.killpg(self.main, number)


def send_all(processes: list[tuple[int, int]], *numbers: int) -> None:
    """Send these signals, in order, to each of the processes that is still there."""
    for pid, ticks in processes:
        for number in numbers:
            send(pid, ticks, number)
