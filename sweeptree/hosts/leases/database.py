"""The SQLite file of all leases: how it is made and opened, and what its tables are.

One process writes it, in one thread. What is committed is on the disk (WAL, synchronous=FULL).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeptree.hosts.leases.problems import Unusable

VERSION = 1  # of the tables, as PRAGMA user_version
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_TABLES = """
CREATE TABLE sweeps (
    sweep TEXT PRIMARY KEY, lanes INTEGER NOT NULL, "order" TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0, orders INTEGER NOT NULL DEFAULT 0,
    dues INTEGER NOT NULL DEFAULT 0, closed REAL
) WITHOUT ROWID;
CREATE TABLE jobs (
    sweep TEXT NOT NULL, job INTEGER NOT NULL, state TEXT NOT NULL,
    newest INTEGER NOT NULL, gpus INTEGER NOT NULL, gpu_memory INTEGER NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0, unplaceable INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, job)
) WITHOUT ROWID;
CREATE INDEX jobs_by_state ON jobs (sweep, state, job);
CREATE TABLE leases (
    sweep TEXT NOT NULL, job INTEGER NOT NULL, attempt INTEGER NOT NULL,
    lane TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, state TEXT NOT NULL,
    started INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, job, attempt)
) WITHOUT ROWID;
CREATE INDEX leases_by_state ON leases (state, sweep, lane);
CREATE TABLE lanes (
    sweep TEXT NOT NULL, lane TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL,
    slots INTEGER NOT NULL, gpu_memory TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (sweep, lane)
) WITHOUT ROWID;
CREATE TABLE events (
    sweep TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
    job INTEGER, attempt INTEGER, host TEXT, payload TEXT NOT NULL,
    PRIMARY KEY (sweep, seq)
);
CREATE INDEX events_by_job ON events (sweep, job, kind);
CREATE TABLE requests (
    sweep TEXT NOT NULL, request TEXT NOT NULL, call TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (sweep, request)
) WITHOUT ROWID;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, made with mode 0600 if need be. Raises Unusable."""
    with refusing(path):
        os.close(os.open(path, _OPEN, 0o600))
        connection = sqlite3.connect(path, timeout=5, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of a block or nothing of it. Raises Unusable when SQLite cannot; nothing then changed."""
    with refusing(path):
        connection.execute("BEGIN")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what SQLite or the disk says into an error with the next command."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, str(error)) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == 0:
        script = f"BEGIN;{_TABLES}PRAGMA user_version={VERSION};COMMIT;"
        connection.executescript(script)
    elif found != VERSION:
        raise _unusable(path, f"its tables are of version {found}, not {VERSION}")


def _unusable(path: Path, why: str) -> Unusable:
    return Unusable(
        f"the leases of sweeps over hosts cannot be used: {why} ({path})",
        hint=(
            "make room on its disk, or with no sweep running:",
            f"sweeptree server stop && mv {path.name} {path.name}.broken in {path.parent}",
        ),
    )
