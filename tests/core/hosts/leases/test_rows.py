"""What is written is what is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sweeptree.hosts.leases.database import open_database
from sweeptree.hosts.leases.rows import (
    JobRow,
    JobState,
    LaneRow,
    LaneState,
    LeaseRow,
    LeaseState,
    SweepRow,
    SweepRows,
)
from sweeptree.hosts.values import EventKind, Lane, Leased, Order

JOB = JobRow(3, JobState.DUE, 2, 1, 24_000, True, False)
LEASE = LeaseRow(3, 2, "gpu1", "gpu1", "b", LeaseState.HELD, True)
LANE = LaneRow(Lane("gpu1", "gpu1", "b", 2, (24_000, 48_000)), LaneState.UP)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "leases.db")) as database:
        yield database


@pytest.fixture
def rows(database: sqlite3.Connection) -> SweepRows:
    rows = SweepRows(database, "s", set())
    rows.add_sweep(2)
    return rows


def test_each_row_comes_back_as_it_was(rows: SweepRows) -> None:
    rows.add_job(JOB)
    rows.add_lease(LEASE)
    rows.add_lane(LANE)
    assert rows.job(3) == JOB
    assert rows.lease(3, 2) == LEASE
    assert rows.lane("gpu1") == LANE
    assert rows.leases_of("gpu1", LeaseState.HELD) == [LEASE]
    assert rows.row() == SweepRow(2, Order.GO, events=0, orders=1, dues=1, closed=False)


def test_sweeps_do_not_see_each_other(rows: SweepRows, database: sqlite3.Connection) -> None:
    rows.add_job(JOB)
    rows.add_lease(LEASE)
    rows.add_lane(LANE)
    rows.add_event(EventKind.LEASED, Leased(3, 2))
    rows.remember("r", "lease", [Leased(3, 2)])
    other = SweepRows(database, "t", set())
    other.add_sweep(1)
    assert (other.job(3), other.lease(3, 2), other.lane("gpu1")) == (None, None, None)
    assert (list(other.events(0)), other.answered("r"), other.lanes()) == ([], None, [])
    assert rows.answered("r") == ("lease", (Leased(3, 2),))


def test_the_counters_tell_what_changed(rows: SweepRows) -> None:
    rows.add_event(EventKind.LANE_LOST, host="gpu1")
    rows.set_order(Order.STOP)
    rows.close(1.0)
    assert rows.row() == SweepRow(2, Order.STOP, events=1, orders=3, dues=0, closed=True)


def test_a_write_is_noted_and_a_look_is_not(database: sqlite3.Connection) -> None:
    touched: set[str] = set()
    rows = SweepRows(database, "s", touched)
    rows.row()
    assert not touched
    rows.add_sweep(1)
    assert touched == {"s"}
