"""A job's process tree: held whole, watched without polling, ended without leaving anything.

Hides: that an orphan of the job comes back to the keeper (sub-reaper), so that "no child" means
"nothing lives"; that whoever is to be killed is stopped first, so that it cannot outrun us by
forking. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from sweeptree.system.processes import descendants
from sweeptree.system.signalling import send_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Meter(Protocol):
        """Looks at a running job now and then; `due`: the monotonic time of the next look."""

        due: float

        def sample(self) -> str | None:
            """Look once; a text ends the job."""


KILL_NOW = signal.SIGUSR1
ENDS_SOON = signal.SIGUSR2  # a batch system's word that it will soon end the job
WITHDRAW = signal.SIGURG  # begin nothing any more; what runs goes on
STOPS = frozenset((signal.SIGTERM, KILL_NOW, ENDS_SOON))
# What keepers ignore: a terminal's end is not theirs; the last two are Python's own choice.
IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)
WATCHED = frozenset((signal.SIGCHLD, WITHDRAW, *STOPS))
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.25
_TOLD_TOO = 1.0  # seconds
_HAS_PROC = os.path.isdir("/proc/self")  # noqa: PTH112 - without it only its session is held


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

    We are its sub-reaper: no child of ours means that nothing lives. `asked` is the signal by which
    we were told to end it, if we were.
    """

    def __init__(self) -> None:
        self.main = 0
        self.status: int | None = None
        self.peak_kb = 0
        self.empty = True
        self.asked: int | None = None

    def adopt_main(self, pid: int) -> None:
        """Take the command's first process."""
        self.main, self.empty = pid, False

    def reap(self) -> None:
        """Collect what ended: `status` is set once the first process has, `empty` once all have."""
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
        """Wait for the first process: how it came to an end, and whether that is to be at once.

        A `meter` is asked when it is due; what it answers ends the job.
        """
        while True:
            self.reap()
            if self.status is not None:
                return "exited", False
            if deadline is not None and deadline <= time.monotonic():
                return "timed_out", False
            if meter is not None and _finds_fault(meter):
                return "failed", False
            got = next_signal(_seconds_until(deadline, meter))
            if got in STOPS:
                self.asked = got
                return "cancelled", got == KILL_NOW

    def was_asked(self) -> bool:
        """Whether we are told to end it too, now that its first process was ended by a signal.

        Who signals all processes of a job (a batch system, a terminal) may reach it before us.
        """
        deadline = time.monotonic() + _TOLD_TOO
        while self.asked is None and (got := next_signal(deadline - time.monotonic())):
            if got in STOPS:
                self.asked = got
        return self.asked is not None

    def end(self, grace: float) -> None:
        """Ask all to stop, wait `grace` seconds, then kill until nothing lives.

        A stop signal cuts the grace.
        """
        if grace > 0:
            self._send(signal.SIGTERM, signal.SIGCONT)  # CONT: a stopped job must see it
            self._wait_until_empty(time.monotonic() + grace)
        pause = _FIRST_PAUSE
        self.reap()
        while not self.empty:
            self._send(signal.SIGSTOP)  # who is stopped forks no more
            self._send(signal.SIGKILL)
            next_signal(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            self.reap()

    def _wait_until_empty(self, deadline: float) -> None:
        self.reap()
        while not self.empty:
            left = deadline - time.monotonic()
            if left <= 0 or next_signal(left) in STOPS:
                return
            self.reap()

    def _send(self, *numbers: int) -> None:
        if _HAS_PROC:
            send_all(descendants(os.getpid(), zombies=True), *numbers)
            return
        for number in numbers:
            with contextlib.suppress(OSError):
                os.killpg(self.main, number)


def _finds_fault(meter: Meter) -> bool:
    return meter.due <= time.monotonic() and meter.sample() is not None


def _seconds_until(deadline: float | None, meter: Meter | None) -> float | None:
    """To the next thing to do; None when only a signal brings one."""
    times = [] if deadline is None else [deadline]
    if meter is not None:
        times.append(meter.due)
    if not times:
        return None
    return max(0.0, min(times) - time.monotonic())
