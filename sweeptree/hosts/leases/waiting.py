"""Letting many callers wait for news of a sweep at the cost of one sleeper."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sweeptree.hosts.leases.calls import News
from sweeptree.hosts.leases.rows import SweepRow

Bell = tuple[str, News]


class Bells:
    """For each sweep and kind of news an event that is set, and replaced, when there is some."""

    def __init__(self) -> None:
        self._bells: dict[Bell, asyncio.Event] = {}
        self._seen: dict[str, SweepRow] = {}

    def of(self, sweep: str, news: Iterable[News]) -> list[asyncio.Event]:
        """The bells to wait for; to be taken before one looks for the last time."""
        return [self._of((sweep, each)) for each in news]

    def ring(self, sweep: str, row: SweepRow) -> None:
        """Wake whoever waits for what has changed."""
        seen = self._seen.get(sweep)
        self._seen[sweep] = row
        for news in News:
            before = getattr(seen, news, None)
            now = getattr(row, news)
            if before != now:
                self._wake((sweep, news))

    def _of(self, key: Bell) -> asyncio.Event:
        if key not in self._bells:
            self._bells[key] = asyncio.Event()
        return self._bells[key]

    def _wake(self, key: Bell) -> None:
        bell = self._bells.pop(key, None)
        if bell is not None:
            bell.set()


async def any_of(
    bells: Iterable[asyncio.Event],
    gone: asyncio.Task[None],
    seconds: float,
) -> bool:
    """Wait for a bell, for the caller to be gone, or for so long; whether one that is still there
    should look again."""
    waits = [_waiting_for(bell) for bell in bells]
    try:
        await asyncio.wait(
            [*waits, gone],
            timeout=seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        has_rung = any(wait.done() for wait in waits)
        return has_rung and not gone.done()
    finally:
        for wait in waits:
            wait.cancel()


def _waiting_for(bell: asyncio.Event) -> asyncio.Task[bool]:
    return asyncio.create_task(bell.wait())
