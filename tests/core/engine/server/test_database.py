"""A broken database of the managed server is told from a sound one, and set aside whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sweeptree.engine.server import database_trouble, set_database_aside

DAMAGE: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"no database at all" * 1000),
    "header": lambda path: path.write_bytes(os.urandom(100) + path.read_bytes()[100:]),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "page": lambda path: path.write_bytes(
        path.read_bytes()[:8192] + os.urandom(4096) + path.read_bytes()[12288:]
    ),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of some pages, as a stopped server leaves it."""
    path = tmp_path / "prefect.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE runs (name TEXT PRIMARY KEY)")
        made.executemany(
            "INSERT INTO runs VALUES (?)", [(f"run {n} {'x' * 100}",) for n in range(500)]
        )
        made.commit()
    return path


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_database_is_called_broken(database: Path, kind: str) -> None:
    assert database_trouble(database.parent) is None
    DAMAGE[kind](database)
    assert database_trouble(database.parent)


def test_a_database_that_is_missing_empty_or_held_is_not_called_broken(database: Path) -> None:
    assert database_trouble(database.parent / "nowhere") is None
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert database_trouble(database.parent) is None
    os.truncate(database, 0)
    assert database_trouble(database.parent) is None


def test_a_database_is_set_aside_with_what_belongs_to_it(database: Path) -> None:
    database.write_bytes(b"broken")
    database.with_name("prefect.db-wal").write_bytes(b"log")
    aside = set_database_aside(database.parent)
    assert (aside.read_bytes(), Path(f"{aside}-wal").read_bytes()) == (b"broken", b"log")
    assert not database.exists() and not database.with_name("prefect.db-wal").exists()
