"""How fast the forge is written to: one write at a time on this machine, a second apart, waits that
are bounded.

GitHub asks for both; its secondary limits punish whoever does not (docs.github.com, best practices
of the REST API).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree.errors import Refused
from sweeptree.system import locks

INTERVAL = 1.0  # seconds between two writes
MAX_WAIT = 120.0  # seconds that a caller waits in all for a rate limit
SECONDARY_WAIT = 60.0  # seconds where GitHub names none


@dataclass(frozen=True, slots=True)
class Pace:
    """`lock`: a file shared by all processes that write to one host; its time is that of the last
    write."""

    lock: Path
    interval: float = INTERVAL
    max_wait: float = MAX_WAIT
    sleep: Callable[[float], None] = time.sleep
    _thread: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to write, at least `interval` seconds after the last write of anybody
        here."""
        with self._thread, self._held() as file:
            self._rest(file)
            try:
                yield
            finally:
                os.pwrite(file, f"{time.time():.3f}\n".encode(), 0)

    @contextlib.contextmanager
    def _held(self) -> Iterator[int]:
        self.lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock = locks.hold(self.lock, mode=0o600, patience=None)
        except OSError as error:
            raise Refused(
                f"{self.lock} cannot be locked: {error.strerror}",
                hint="set SWEEPTREE_HOME to a folder of yours on a local disk",
            ) from error
        with lock as file:
            yield file

    def _rest(self, file: int) -> None:
        try:
            last = float(os.pread(file, 32, 0) or b"0")
        except ValueError:
            last = 0.0
        wait = min(
            self.interval, last + self.interval - time.time()
        )  # no longer when the clock went back
        if wait > 0:
            self.sleep(wait)


def asked_wait(status: int, headers: Mapping[str, str], message: str, now: float) -> float | None:
    """Seconds that the forge asks to wait before the same request again; None when this is no rate
    limit."""
    if status not in (403, 429):
        return None
    given = headers.get("retry-after", "")
    if given.isdigit():
        return float(given)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - now) if reset.isdigit() else SECONDARY_WAIT
    is_limit = status == 429 or "rate limit" in message.lower() or "abuse" in message.lower()
    return SECONDARY_WAIT if is_limit else None
