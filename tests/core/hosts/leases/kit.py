"""A store with a clock of the test's own, and short words for what lanes and drivers do."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.leases.store import Store
from sweeptree.hosts.values import Event, EventKind, Lane, Leased, Offer, Order, Result, Verdict

SWEEP = "lr-11112222-33334444"
TTL = 20.0


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """One sweep at a store: `gpu1` and `gpu2` are lanes and hosts at once."""

    def __init__(self, path: Path, lanes: int = 2) -> None:
        self.path = path
        self.clock = Clock()
        self.wall = Clock()
        self._requests = itertools.count()
        self.store = self._store()
        self.expect(lanes)

    def _store(self) -> Store:
        return Store(self.path, clock=self.clock, wall=self.wall, ttl=TTL)

    def expect(self, lanes: int) -> None:
        """The sweep has so many lanes."""
        self.store.open(SWEEP, lanes, self.request())

    def request(self) -> str:
        return f"r{next(self._requests)}"

    def restart(self, seconds: float = 0.0) -> None:
        """The server's process dies, and another one begins so many seconds later."""
        self.store.close_file()
        self.clock.now += seconds
        self.store = self._store()

    def later(self, seconds: float, *heard: tuple[str, list[Leased]]) -> None:
        """Time passes, second by second; these lanes are heard with what they hold."""
        for _ in range(int(seconds)):
            self.clock.now += 1
            self.store.tick()
            for lane, holds in heard:
                self.store.beat(SWEEP, lane, holds)

    def join(self, host: str, boot: str = "b1", slots: int = 2, **more: Any) -> tuple[Leased, ...]:
        return self.store.join(SWEEP, Lane(host, host, boot, slots, **more))

    def offer(self, *jobs: int, before: int = 0, gpus: int = 0, gpu_memory: int = 0) -> None:
        offers = [Offer(job, before, gpus, gpu_memory) for job in jobs]
        self.store.offer(SWEEP, offers, self.request())

    def lease(self, host: str, free: int = 1, ahead: int = 0) -> list[Leased]:
        granted = self.store.lease(SWEEP, host, Wish(free, ahead), self.request())
        return list(granted.leases)

    def finish(self, host: str, leased: Leased, **payload: Any) -> Verdict:
        return self.store.finish(SWEEP, host, Result(leased.job, leased.attempt, payload))

    def order(self, order: Order) -> None:
        self.store.order(SWEEP, order, self.request())

    def cancel(self, *jobs: int) -> None:
        self.store.cancel(SWEEP, jobs, self.request())

    def events(self, *kinds: EventKind) -> list[Event]:
        found = self.store.collect(SWEEP, 0)
        return [event for event in found if event.kind in kinds or not kinds]

    def jobs(self, kind: EventKind) -> list[int | None]:
        return [event.job for event in self.events(kind)]
