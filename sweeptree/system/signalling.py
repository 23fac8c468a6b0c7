"""Signals that reach exactly the process that is meant, never one that got its PID later.

Hides pidfds, which Linux before 5.3 and many a conda Python do not know, and prctl. Standard
library only: keepers load this.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys

from sweeptree.system.processes import start_ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
_LIBC = ctypes.CDLL(None)


def prctl(option: int, value: int | bytes) -> None:
    """Set an attribute of this process; does nothing where there is no prctl."""
    if sys.platform == "linux":
        _LIBC.prctl(option, value, 0, 0, 0)


@functools.cache
def _has_handles() -> bool:
    """Whether kernel and Python know pidfds."""
    if not (hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def handle_of(pid: int, ticks: int) -> int | None:
    """A pidfd of exactly that process, for the caller to close.

    None when it is gone, or there are no pidfds.
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
    """Signal exactly that process. False: it could not be reached."""
    if not _has_handles():
        return _is_still(pid, ticks) and _kill(pid, number)
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


def send_all(processes: Iterable[tuple[int, int]], *numbers: int) -> None:
    """Send these signals, in order, to each (PID, start ticks) that is still there."""
    for pid, ticks in processes:
        for number in numbers:
            send(pid, ticks, number)


def _is_still(pid: int, ticks: int) -> bool:
    """Without pidfds: as far as can be known (where there is no /proc, `ticks` is 0)."""
    return pid > 0 and (start_ticks(pid) or 0) == ticks


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True
