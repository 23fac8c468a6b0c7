"""Letting many callers wait for news of a sweep at the cost of one sleeper."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sweeptree.hosts.leases.calls import News
from sweeptree.hosts.leases.rows import SweepRow


class Bells:
    """For each sweep and kind of news an event that is set, and replaced, when there is some."""

    def __init__(self) -> None:
        self._bells: dict[tuple[str, News], asyncio.Event] = {}
        self._seen: dict[str, SweepRow] = {}

    def of(self, sweep: str, news: Iterable[News]) -> list[asyncio.Event]:
        """The bells to wait for; to be taken before one looks for the last time."""
        return [self._bells.setdefault((sweep, each), asyncio.Event()) for each in news]

    def ring(self, sweep: str, row: SweepRow) -> None:
        """Wake whoever waits for what has changed."""
        seen = self._seen.get(sweep)
        self._seen[sweep] = row
        for news in News:
            if seen is None or getattr(seen, news) != getattr(row, news):
                self._wake((sweep, news))

    def _wake(self, key: tuple[str, News]) -> None:
        bell = self._bells.pop(key, None)
        if bell is not None:
            bell.set()


async def any_of(bells: Iterable[asyncio.Event], gone: asyncio.Task[None], seconds: float) -> bool:
    """Wait for a bell, for the caller to be gone, or for so long; whether one that is still there
    should look again."""
    waits = [asyncio.ensure_future(bell.wait()) for bell in bells]
    try:
        await asyncio.wait([*waits, gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done() and any(wait.done() for wait in waits)
    finally:
        for wait in waits:
            wait.cancel()
