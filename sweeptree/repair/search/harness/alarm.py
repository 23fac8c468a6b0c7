"""A limit on the CPU time of a piece of Python: an exception in it, again and again until it ends.

Hides: that tests swallow exceptions of every kind, so the alarm is repeated.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_AGAIN_SECONDS = 0.02


class OutOfTime(BaseException):
    """The CPU time is over. No Exception: `except Exception` in a test must not stop it."""


def install() -> None:
    """Let the alarm raise in this process."""
    signal.signal(signal.SIGPROF, _raise)


@contextlib.contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block once it has used so much CPU."""
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime
