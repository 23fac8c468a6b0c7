"""Is this still the process that was meant?

A pid with its start time, looked at through a pidfd where there is one.

Hides: that a pid is used again, and that only Linux has pidfds and /proc.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from sweeptree.system.processes import start_ticks


class Process:
    """One living process, held so that no other process with its number can be meant.

    Close it after use.
    """

    def __init__(self, pid: int, handle: int | None) -> None:
        self.pid = pid
        self.handle = handle

    @classmethod
    def open(cls, pid: int, ticks: int | None) -> Process | None:
        """The process, or None when it is gone or its number belongs to another one now."""
        try:
            handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        except OSError:
            return None
        process = cls(pid, handle)
        if process.ended(0) or start_ticks(pid) != ticks:
            process.close()
            return None
        return process

    def ended(self, seconds: float) -> bool:
        """Wait up to `seconds` for its end. True when it has ended (a zombie has ended)."""
        if self.handle is not None:
            return bool(select.select([self.handle], [], [], seconds)[0])
        deadline = time.monotonic() + seconds
        while _exists(self.pid):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def terminate(self) -> None:
        """Ask it to end (TERM)."""
        with contextlib.suppress(ProcessLookupError):
            if self.handle is not None:
                signal.pidfd_send_signal(self.handle, signal.SIGTERM)
            else:
                os.kill(self.pid, signal.SIGTERM)

    def kill_session(self) -> None:
        """Kill it with its process group; it leads both its group and its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it."""
        if self.handle is not None:
            os.close(self.handle)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
