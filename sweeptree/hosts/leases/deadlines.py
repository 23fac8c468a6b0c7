"""Until when lanes and leases count as alive, by this process's own clock.

They are kept in memory: a heartbeat costs no write, and no clock of another machine matters. A
process that was away has missed heartbeats through no fault of the lanes, so after its start, and
after a time in which it did not look, everybody has one whole term again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

TTL = 20.0  # seconds that a lane and its leases last after a heartbeat


class Key(NamedTuple):
    """A lane of a sweep, or the lease of one of its jobs."""

    sweep: str
    lane: str | None = None
    job: int | None = None


def steady_clock() -> float:
    """Seconds that also pass while the machine is suspended, where the system counts them."""
    return time.clock_gettime(_CLOCK)


_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Deadlines:
    """When each key ends unless it is extended."""

    def __init__(
        self,
        clock: Callable[[], float],
        ttl: float,
        keys: Iterable[Key],
    ) -> None:
        self._clock = clock
        self._ttl = ttl
        self._looked = clock()
        # never later than the first end: an end only moves back when its key is extended
        self._first = self._new_end()
        self._ends = dict.fromkeys(keys, self._first)

    def extend(self, key: Key) -> None:
        """Let a key live for one term from now."""
        end = self._new_end()
        self._ends[key] = end
        self._first = min(self._first, end)

    def drop(self, key: Key) -> None:
        """Forget a key."""
        self._ends.pop(key, None)

    def passed(self) -> list[Key]:
        """The keys that have ended, each once; to be asked before anything else is decided."""
        now = self._clock()
        was_away = now - self._looked > self._ttl
        self._looked = now
        if was_away:
            self._give_grace()
        if now < self._first:
            return []
        return self._take(now)

    def seconds_left(self) -> float:
        """How long it is until a key may end; at most a quarter of a term.

        Who waits looks again by then, so that waiting is never taken for having been away.
        """
        most = self._ttl / 4
        if not self._ends:
            return most
        left = self._first - self._clock()
        return min(max(left, 0.0), most)

    def _new_end(self) -> float:
        return self._clock() + self._ttl

    def _give_grace(self) -> None:
        self._first = self._new_end()
        self._ends = dict.fromkeys(self._ends, self._first)

    def _take(self, now: float) -> list[Key]:
        """Remove what has ended."""
        ends = self._ends.items()
        ended = [key for key, end in ends if end <= now]
        for key in ended:
            self.drop(key)
        left = self._ends.values()
        self._first = min(left, default=self._new_end())
        return ended
