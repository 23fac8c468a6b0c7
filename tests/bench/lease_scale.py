"""How many lanes one lease server takes: 1 to 1,000 simulated lanes at the real store.

The store, its file and its transactions are real; hosts, network and jobs are not. Each lane asks
for what a lane of two slots asks for while its jobs take a minute: two leases and two results a
minute, and a heartbeat every five seconds. What a simulated minute costs the server's one writing
thread, over a minute, is its load: at 100 % it is full.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.leases.store import Store
from sweeptree.hosts.values import Lane, Leased, Offer, Result
from tests.bench.lab import Lab

SWEEP = "scale-11112222-33334444"
SLOTS = 2
MINUTE = 60
BEAT = 5
PAYLOAD = {"record": {"metrics": {"val_auc": 0.9}, "notes": ["n" * 1000]}}
LANES = (1, 8, 64, 256, 1000)


class Simulated:
    """A store whose clock is the simulation's, and lanes that hold two jobs each."""

    def __init__(self, path: Path, lanes: int) -> None:
        self.now = 1000.0
        self.store = Store(path, clock=self._clock, wall=self._clock)
        self.held: dict[str, list[Leased]] = {f"host{number}": [] for number in range(lanes)}
        self._requests = map(str, itertools.count())

    def _clock(self) -> float:
        return self.now

    def begin(self) -> None:
        """Everybody joins; there are jobs for two minutes."""
        self.store.open(SWEEP, len(self.held), next(self._requests))
        for name in self.held:
            self.store.join(SWEEP, Lane(name, name, "b", SLOTS))
        jobs = 3 * SLOTS * len(self.held)
        offers = [Offer(job) for job in range(jobs)]
        for first in range(0, jobs, 1000):
            self.store.offer(SWEEP, offers[first : first + 1000], next(self._requests))
        for name in self.held:
            self._lease(name, SLOTS)

    def minute(self) -> int:
        """A minute of all lanes: how many calls it took."""
        return sum(1 for second in range(MINUTE) for _ in self._second(second))

    def _second(self, second: int) -> Iterator[None]:
        self.now += 1
        self.store.tick()
        for number, name in enumerate(self.held):
            if (second + number) % BEAT == 0:
                self.store.beat(SWEEP, name, self.held[name])
                yield
            if (second + number) % (MINUTE // SLOTS) == 0:
                self._finish(name)
                yield
                self._lease(name, 1)
                yield

    def _finish(self, name: str) -> None:
        leased = self.held[name].pop(0)
        self.store.finish(SWEEP, name, Result(leased.job, leased.attempt, PAYLOAD))

    def _lease(self, name: str, free: int) -> None:
        granted = self.store.lease(SWEEP, name, Wish(free, 0), next(self._requests))
        self.held[name].extend(granted.leases)


def run(lab: Lab) -> None:
    """Each number of lanes for a minute of theirs, with a store of its own."""
    rows = [_row(lab, lanes) for lanes in LANES[: lab.size(len(LANES), 2)]]
    lab.report("lease_scale", rows, note="simulated lanes of two slots, jobs of a minute")


def _row(lab: Lab, lanes: int) -> dict[str, object]:
    simulated = Simulated(lab.place("leases") / "leases.db", lanes)
    simulated.begin()
    began, cpu = time.perf_counter(), time.process_time()
    calls = simulated.minute()
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    simulated.store.close_file()
    return {
        "lanes": lanes,
        "calls": calls,
        "ms a call": 1e3 * wall / calls,
        "cpu ms a call": 1e3 * used / calls,
        "% of the writer": 100 * wall / MINUTE,
        "% of a core": 100 * used / MINUTE,
    }
