"""Who runs which job of the sweeps over hosts: every call is one transaction of its own file.

Hides SQLite, terms and attempts. A lease that ran out is not a verdict: its job may be given to
another lane, and until that happens the late lane goes on or hands its result in. From then on
the older attempt is fenced: it may finish, but nothing of it counts. To be used by one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweeptree.hosts.leases import driver_calls
from sweeptree.hosts.leases.database import open_database, refusing, transaction
from sweeptree.hosts.leases.deadlines import TTL, Deadlines, Key, steady_clock
from sweeptree.hosts.leases.endings import expire, lose_lane, tell_unplaceable
from sweeptree.hosts.leases.lane_calls import LaneCalls, Wish
from sweeptree.hosts.leases.problems import NoSuchSweep, Unusable
from sweeptree.hosts.leases.rows import LaneState, LeaseState, SweepRow, SweepRows
from sweeptree.hosts.values import (
    Event,
    Granted,
    Lane,
    Leased,
    Offer,
    Order,
    Orders,
    Result,
    Verdict,
)

KEPT_SECONDS = 7 * 24 * 3600.0  # a closed sweep is forgotten after that
_TABLES = ("requests", "events", "leases", "lanes", "jobs", "sweeps")


class Store:
    """The leases in `path`. `clock` counts seconds, `wall` has those since 1970 of this machine.

    All calls raise NoSuchSweep, and Unusable where nothing can be written; nothing then changed.
    A `request` is the caller's id for a call: whoever repeats it gets the same answer.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = steady_clock,
        wall: Callable[[], float] = time.time,
        ttl: float = TTL,
    ) -> None:
        self._path = path
        self._clock = clock
        self._wall = wall
        self._ttl = ttl
        self._touched: set[str] = set()
        self._connection = open_database(path)
        self._deadlines = self._with_grace()
        self._forget()

    def close_file(self) -> None:
        """Close the file; the store is of no use afterwards."""
        self._connection.close()

    # The driver's calls

    def open(self, sweep: str, lanes: int, request: str) -> None:
        """Make a sweep known, with how many lanes it will have, or let a closed one go on."""
        self.tick()
        self._forget()
        with self._writing():
            driver_calls.open_sweep(self._rows(sweep), lanes, request)

    def offer(self, sweep: str, offers: Iterable[Offer], request: str) -> None:
        """Let jobs be due; see `Offer` for which of them stay as they are."""
        with self._call(sweep) as rows:
            driver_calls.offer(rows, offers, request)

    def cancel(self, sweep: str, jobs: Iterable[int], request: str) -> None:
        """End jobs: each has an event, cancelled or finished."""
        with self._call(sweep) as rows:
            driver_calls.cancel(rows, jobs, request)

    def order(self, sweep: str, order: Order, request: str) -> None:
        """Tell all lanes of a sweep what to do."""
        with self._call(sweep) as rows:
            driver_calls.give_order(rows, order, request)

    def collect(self, sweep: str, after: int) -> list[Event]:
        """The events after the one numbered `after` (0: from the first), some megabytes at most."""
        with self._call(sweep) as rows:
            return list(rows.events(after))

    def close(self, sweep: str) -> None:
        """Let lanes leave; the sweep is forgotten after KEPT_SECONDS."""
        with self._call(sweep) as rows:
            rows.close(self._wall())

    # The lanes' calls

    def join(self, sweep: str, lane: Lane) -> tuple[Leased, ...]:
        """Begin; what the lane still holds from before, if it was there already."""
        with self._lane(sweep, lane.id) as calls:
            return calls.join(lane)

    def lease(self, sweep: str, lane: str, wish: Wish, request: str) -> Granted:
        """Jobs for a lane's free slots."""
        with self._lane(sweep, lane) as calls:
            return calls.lease(wish, request)

    def beat(self, sweep: str, lane: str, holds: Iterable[Leased]) -> Orders:
        """A lane lives, and runs or has ready what it names."""
        with self._lane(sweep, lane) as calls:
            return calls.beat(holds)

    def orders(self, sweep: str, lane: str) -> Orders:
        """What a lane shall do; not a sign of its life."""
        with self._lane(sweep, lane) as calls:
            return calls.orders()

    def started(self, sweep: str, lane: str, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """The command of an attempt has begun."""
        with self._lane(sweep, lane) as calls:
            return calls.started(leased, payload)

    def progress(
        self, sweep: str, lane: str, leased: Leased, payload: Mapping[str, Any]
    ) -> Verdict:
        """Something new of an attempt that runs."""
        with self._lane(sweep, lane) as calls:
            return calls.progress(leased, payload)

    def finish(self, sweep: str, lane: str, result: Result) -> Verdict:
        """What came of an attempt; also of a lane that has not joined again yet."""
        with self._lane(sweep, lane) as calls:
            return calls.finish(result)

    def release(self, sweep: str, lane: str, leases: Iterable[Leased]) -> None:
        """A lane gives back what it has not begun."""
        with self._lane(sweep, lane) as calls:
            calls.release(leases)

    def leave(self, sweep: str, lane: str) -> None:
        """A lane ends."""
        with self._lane(sweep, lane) as calls:
            calls.leave()

    # Time, and who waits

    def tick(self) -> None:
        """Let what has run out end; every call does so first."""
        passed = self._deadlines.passed()
        if passed:
            with self._writing():
                self._end(passed)

    def seconds_left(self) -> float:
        """How long `tick` may wait."""
        return self._deadlines.seconds_left()

    def take_touched(self) -> dict[str, SweepRow]:
        """The sweeps that were written to since the last call, as they are now."""
        found: dict[str, SweepRow] = {}
        while self._touched:
            sweep = self._touched.pop()
            row = self._rows(sweep).row()
            if row is not None:
                found[sweep] = row
        return found

    @contextmanager
    def _call(self, sweep: str) -> Iterator[SweepRows]:
        self.tick()
        with self._writing():
            rows = self._rows(sweep)
            if rows.row() is None:
                raise NoSuchSweep(
                    f"no sweep {sweep} is known here", hint="go on with it: sweeptree resume NAME"
                )
            yield rows

    @contextmanager
    def _lane(self, sweep: str, lane: str) -> Iterator[LaneCalls]:
        with self._call(sweep) as rows:
            yield LaneCalls(rows, self._deadlines, lane)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction. What could not be written is taken back in the deadlines too."""
        try:
            with transaction(self._connection, self._path):
                yield
        except Unusable:
            self._deadlines = self._with_grace()
            raise

    def _end(self, passed: Iterable[Key]) -> None:
        """End lanes before leases: the reason tells whether the lane was heard."""
        lanes_first = sorted(passed, key=lambda key: key.lane is None)
        for key in lanes_first:
            rows = self._rows(key.sweep)
            if key.lane is not None:
                lose_lane(rows, key.lane)
            if key.job is not None:
                expire(rows, self._deadlines, key.job, self._ttl)
        for sweep in {key.sweep for key in passed}:
            tell_unplaceable(self._rows(sweep))

    def _rows(self, sweep: str) -> SweepRows:
        return SweepRows(self._connection, sweep, self._touched)

    def _with_grace(self) -> Deadlines:
        """One whole term for everybody who lives by what is written."""
        with refusing(self._path):
            held = self._found(_HELD, LeaseState.HELD)
            heard = self._found(_HEARD, LaneState.UP)
        leases = [Key(sweep, job=job) for sweep, job in held]
        lanes = [Key(sweep, lane) for sweep, lane in heard]
        return Deadlines(self._clock, self._ttl, [*lanes, *leases])

    def _found(self, query: str, state: str) -> list[Any]:
        return self._connection.execute(query, (state,)).fetchall()

    def _forget(self) -> None:
        old = (self._wall() - KEPT_SECONDS,)
        with transaction(self._connection, self._path):
            for table in _TABLES:
                self._connection.execute(_FORGET.format(table=table), old)


_HELD = "SELECT sweep, job FROM leases WHERE state = ?"
_HEARD = "SELECT sweep, lane FROM lanes WHERE state = ?"
_FORGET = "DELETE FROM {table} WHERE sweep IN (SELECT sweep FROM sweeps WHERE closed < ?)"
