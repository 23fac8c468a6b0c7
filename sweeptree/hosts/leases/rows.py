"""The rows of one sweep: what its tables hold, read and written, without any rule about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sweeptree.hosts.values import Event, EventKind, Lane, Leased, Order


class JobState(StrEnum):
    """Where a job stands."""

    DUE = "due"
    LEASED = "leased"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"


OPEN = (JobState.DUE, JobState.LEASED)


class LeaseState(StrEnum):
    """What became of a lease."""

    HELD = "held"
    EXPIRED = "expired"  # its lane was not heard, or did not name it any more
    DOWN = "down"  # its host was started anew while the job ran
    RETURNED = "returned"  # its lane gave it back
    FINISHED = "finished"


class LaneState(StrEnum):
    """Whether a lane is heard."""

    UP = "up"
    LOST = "lost"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class SweepRow:
    """`lanes` is how many are expected; the counters grow with each event, order and due job."""

    lanes: int
    order: Order
    events: int
    orders: int
    dues: int
    closed: bool


@dataclass(frozen=True, slots=True)
class JobRow:
    """`newest` is the number of its newest attempt, of hosts or before them."""

    job: int
    state: JobState
    newest: int
    gpus: int
    gpu_memory: int
    cancelled: bool
    unplaceable: bool

    @property
    def is_due(self) -> bool:
        """Whether a lane may have it."""
        return self.state is JobState.DUE

    @property
    def is_leased(self) -> bool:
        """Whether a lane has it."""
        return self.state is JobState.LEASED

    @property
    def latest(self) -> Leased:
        """Its newest attempt."""
        return Leased(self.job, self.newest)


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One attempt of a job on a host, in the boot that it began in."""

    job: int
    attempt: int
    lane: str
    host: str
    boot: str
    state: LeaseState
    started: bool

    @property
    def is_held(self) -> bool:
        """Whether its lane is trusted to run it."""
        return self.state is LeaseState.HELD

    @property
    def is_finished(self) -> bool:
        """Whether its result was accepted."""
        return self.state is LeaseState.FINISHED

    @property
    def leased(self) -> Leased:
        """What the lane was told."""
        return Leased(self.job, self.attempt)


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane and whether it is heard."""

    lane: Lane
    state: LaneState

    @property
    def is_up(self) -> bool:
        """Whether it is heard."""
        return self.state is LaneState.UP

    @property
    def has_left(self) -> bool:
        """Whether it said that it ends."""
        return self.state is LaneState.LEFT


_NEXT_EVENTS = """
SELECT * FROM (
    SELECT *, sum(length(payload)) OVER (ORDER BY seq) - length(payload) AS before FROM (
        SELECT * FROM events WHERE sweep = ? AND seq > ? ORDER BY seq LIMIT 500
    )
) WHERE before < 4000000 ORDER BY seq
"""


class SweepRows:
    """The tables as one sweep sees them. `touched` learns its id when something was written."""

    def __init__(self, connection: sqlite3.Connection, sweep: str, touched: set[str]) -> None:
        self.sweep = sweep
        self._connection = connection
        self._touched = touched

    # The sweep

    def add_sweep(self, lanes: int) -> None:
        """Make the sweep known, or open it again."""
        self._write(
            'INSERT INTO sweeps (sweep, lanes, "order") VALUES (?, ?, ?) ON CONFLICT (sweep) '
            'DO UPDATE SET lanes = excluded.lanes, "order" = excluded."order", closed = NULL',
            lanes,
            Order.GO,
        )
        self.count_order()

    def row(self) -> SweepRow | None:
        """The sweep; None when it is not known."""
        found = self._one("SELECT * FROM sweeps WHERE sweep = ?")
        if found is None:
            return None
        return SweepRow(
            lanes=found["lanes"],
            order=Order(found["order"]),
            events=found["events"],
            orders=found["orders"],
            dues=found["dues"],
            closed=found["closed"] is not None,
        )

    def set_order(self, order: Order) -> None:
        """Keep what the lanes shall do."""
        self._write('UPDATE sweeps SET "order" = ?2 WHERE sweep = ?1', order)
        self.count_order()

    def count_order(self) -> None:
        """Let lanes that wait for an order look."""
        self._write("UPDATE sweeps SET orders = orders + 1 WHERE sweep = ?")

    def close(self, when: float) -> None:
        """Note that the driver needs it no more; seconds since 1970."""
        self._write("UPDATE sweeps SET closed = ?2 WHERE sweep = ?1", when)
        self.count_order()

    # Jobs

    def add_job(self, row: JobRow) -> None:
        """A job that was not known, or its new state and needs."""
        self._write(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sweep, job) DO UPDATE "
            "SET state = excluded.state, newest = excluded.newest, gpus = excluded.gpus, "
            "gpu_memory = excluded.gpu_memory, cancelled = excluded.cancelled, "
            "unplaceable = excluded.unplaceable",
            row.job,
            row.state,
            row.newest,
            row.gpus,
            row.gpu_memory,
            row.cancelled,
            row.unplaceable,
        )
        if row.state is JobState.DUE:
            self._write("UPDATE sweeps SET dues = dues + 1 WHERE sweep = ?")

    def job(self, job: int) -> JobRow | None:
        """A job; None when it was never offered."""
        found = self._one("SELECT * FROM jobs WHERE sweep = ? AND job = ?", job)
        return _job(found) if found is not None else None

    def jobs(self, state: JobState) -> Iterator[JobRow]:
        """The jobs of a state, in their order."""
        query = "SELECT * FROM jobs WHERE sweep = ? AND state = ? ORDER BY job"
        yield from map(_job, self._all(query, state))

    def count(self, *states: JobState) -> int:
        """How many jobs are in any of these states."""
        marks = ", ".join("?" for _ in states)
        query = f"SELECT count(*) FROM jobs WHERE sweep = ? AND state IN ({marks})"  # noqa: S608
        found = self._one(query, *states)
        return int(found[0]) if found is not None else 0

    # Leases

    def add_lease(self, row: LeaseRow) -> None:
        """A lease that was given, or its new state."""
        self._write(
            "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row.job,
            row.attempt,
            row.lane,
            row.host,
            row.boot,
            row.state,
            row.started,
        )

    def lease(self, job: int, attempt: int) -> LeaseRow | None:
        """One attempt's lease; None when it was given here to nobody."""
        query = "SELECT * FROM leases WHERE sweep = ? AND job = ? AND attempt = ?"
        found = self._one(query, job, attempt)
        return _lease(found) if found is not None else None

    def leases_of(self, lane: str, *states: LeaseState) -> list[LeaseRow]:
        """What a lane was given and is in one of these states."""
        query = "SELECT * FROM leases WHERE state = ?2 AND sweep = ?1 AND lane = ?3"
        return [_lease(row) for state in states for row in self._all(query, state, lane)]

    def hosts_down(self, job: int) -> list[str]:
        """The distinct hosts that were started anew while they ran the job."""
        query = (
            "SELECT DISTINCT host FROM leases WHERE sweep = ? AND job = ? AND state = ? "
            "ORDER BY host"
        )
        return [row["host"] for row in self._all(query, job, LeaseState.DOWN)]

    # Lanes

    def add_lane(self, row: LaneRow) -> None:
        """A lane, or what is new about it."""
        self._write(
            "INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?)",
            row.lane.id,
            row.lane.host,
            row.lane.boot,
            row.lane.slots,
            json.dumps(row.lane.gpu_memory),
            row.state,
        )

    def lane(self, lane: str) -> LaneRow | None:
        """A lane; None when it never joined."""
        found = self._one("SELECT * FROM lanes WHERE sweep = ? AND lane = ?", lane)
        return _lane(found) if found is not None else None

    def lanes(self) -> list[LaneRow]:
        """Every lane that ever joined."""
        return [_lane(row) for row in self._all("SELECT * FROM lanes WHERE sweep = ?")]

    # Events and answers

    def add_event(
        self,
        kind: EventKind,
        about: Leased | None = None,
        host: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell the driver; an attempt of 0 is none."""
        self._write("UPDATE sweeps SET events = events + 1 WHERE sweep = ?")
        self._write(
            "INSERT INTO events SELECT ?1, events, ?2, ?3, ?4, ?5, ?6 FROM sweeps WHERE sweep = ?1",
            kind,
            about.job if about else None,
            (about.attempt or None) if about else None,
            host,
            json.dumps(payload or {}, separators=(",", ":")),
        )

    def drop_events(self, kind: EventKind, job: int) -> None:
        """Forget the events of a kind about a job."""
        self._write("DELETE FROM events WHERE sweep = ?1 AND job = ?3 AND kind = ?2", kind, job)

    def events(self, after: int) -> Iterator[Event]:
        """What happened after an event, in its order: the next ones, of some megabytes at most."""
        yield from map(_event, self._all(_NEXT_EVENTS, after))

    def remember(self, request: str, call: str, answer: Iterable[Leased] = ()) -> None:
        """Keep what a request was answered, for whoever repeats it."""
        text = json.dumps([[each.job, each.attempt, each.gpu_memory] for each in answer])
        self._write("INSERT INTO requests VALUES (?, ?, ?, ?)", request, call, text)

    def answered(self, request: str) -> tuple[str, tuple[Leased, ...]] | None:
        """The call that a request was, and its answer; None for a new request."""
        found = self._one("SELECT * FROM requests WHERE sweep = ? AND request = ?", request)
        if found is None:
            return None
        leases = (Leased(*row) for row in json.loads(found["answer"]))
        return found["call"], tuple(leases)

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(query, (self.sweep, *values)).fetchone()
        return row

    def _all(self, query: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(query, (self.sweep, *values))

    def _write(self, query: str, *values: object) -> None:
        self._connection.execute(query, (self.sweep, *values))
        self._touched.add(self.sweep)


def _job(row: sqlite3.Row) -> JobRow:
    return JobRow(
        job=row["job"],
        state=JobState(row["state"]),
        newest=row["newest"],
        gpus=row["gpus"],
        gpu_memory=row["gpu_memory"],
        cancelled=bool(row["cancelled"]),
        unplaceable=bool(row["unplaceable"]),
    )


def _lease(row: sqlite3.Row) -> LeaseRow:
    return LeaseRow(
        job=row["job"],
        attempt=row["attempt"],
        lane=row["lane"],
        host=row["host"],
        boot=row["boot"],
        state=LeaseState(row["state"]),
        started=bool(row["started"]),
    )


def _lane(row: sqlite3.Row) -> LaneRow:
    memory = tuple(json.loads(row["gpu_memory"]))
    lane = Lane(row["lane"], row["host"], row["boot"], row["slots"], memory)
    return LaneRow(lane, LaneState(row["state"]))


def _event(row: sqlite3.Row) -> Event:
    return Event(
        seq=row["seq"],
        kind=EventKind(row["kind"]),
        job=row["job"],
        attempt=row["attempt"],
        host=row["host"],
        payload=json.loads(row["payload"]),
    )
