"""Telling a person how far a long step is: rate and time left, on one line of stderr or one line
per step.

Hides: terminals and how often to speak.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_EVERY = 0.25


class Reporter:
    """Says nothing; the base of the one that does."""

    def say(self, text: str) -> None:
        """A line for the user."""

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Callable[[int, int], None]]:  # noqa: ARG002
        """A step; the value is called with (done, total)."""
        yield lambda _done, _total: None


class TextReporter(Reporter):
    """Speaks on a stream: a moving line on a terminal, the last line of each stage elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()

    def say(self, text: str) -> None:
        """A line for the user."""
        print(text, file=self._stream, flush=True)

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Callable[[int, int], None]]:
        """A step; the value is called with (done, total)."""
        started = time.monotonic()
        last = [0.0, 0, 0]

        def update(done: int, total: int) -> None:
            now = time.monotonic()
            last[1:] = [done, total]
            if self._live and now - last[0] >= _EVERY:
                last[0] = now
                self._stream.write(f"\r\x1b[K{_line(name, unit, done, total, now - started)}")
                self._stream.flush()

        try:
            yield update
        finally:
            if self._live:
                self._stream.write("\r\x1b[K")
            if last[2]:
                self.say(_line(name, unit, int(last[1]), int(last[2]), time.monotonic() - started))


def _line(name: str, unit: str, done: int, total: int, seconds: float) -> str:
    rate = done / seconds if seconds > 0 else 0.0
    left = (total - done) / rate if rate else 0.0
    tail = f", {_clock(left)} left" if done < total else f" in {_clock(seconds)}"
    return f"{name}: {done:,} of {total:,} {unit}, {rate:,.0f}/s{tail}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
