"""The file of the leases: private, whole, and named when it is of no use."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from sweeptree.hosts.leases.database import VERSION, open_database, transaction
from sweeptree.hosts.leases.problems import Unusable


def test_it_is_made_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    with closing(open_database(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert database.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(open_database(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == VERSION


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    with closing(open_database(path)) as database:
        with pytest.raises(ZeroDivisionError), transaction(database, path):
            database.execute("INSERT INTO requests VALUES ('s', 'r', 'c', 'a')")
            raise ZeroDivisionError
        assert database.execute("SELECT count(*) FROM requests").fetchone()[0] == 0


def test_a_full_disk_is_said_and_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    with closing(open_database(path)) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(Unusable, match="full") as refused, transaction(database, path):
            database.execute("INSERT INTO requests VALUES ('s', 'r', 'c', ?)", ("x" * 10**6,))
        assert refused.value.hint
        assert database.execute("SELECT count(*) FROM requests").fetchone()[0] == 0


def test_tables_of_a_later_version_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(Unusable, match="version 99"):
        open_database(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "leases.db").symlink_to("elsewhere")
    with pytest.raises(Unusable):
        open_database(tmp_path / "leases.db")
    assert not (tmp_path / "elsewhere").exists()
