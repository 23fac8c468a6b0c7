"""The empty database that new homes begin with: whole, the owner's, or not used at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sweeptree.engine.server.template import copy_template, keep_template


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """What Prefect's migrations leave, as far as it is looked at."""
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE alembic_version (version_num TEXT)")
        made.execute("INSERT INTO alembic_version VALUES ('head')")
    return path


def version_of(database: Path) -> str:
    """The version that the migrations of a database have reached."""
    with closing(sqlite3.connect(database)) as found:
        return str(found.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_what_was_made_once_is_copied_for_the_owner_alone(tmp_path: Path, migrated: Path) -> None:
    template, database = tmp_path / "share" / "prefect.db", tmp_path / "prefect.db"
    keep_template(migrated, template)
    assert copy_template(database, template)
    assert version_of(database) == "head"
    assert database.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in template.parent.iterdir()] == ["prefect.db"]


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0" + b"\0" * 99])
def test_what_is_no_migrated_database_is_not_copied(tmp_path: Path, content: bytes | None) -> None:
    template, database = tmp_path / "template.db", tmp_path / "prefect.db"
    if content is not None:
        template.write_bytes(content)
    assert not copy_template(database, template)
    assert not database.exists()


def test_a_template_that_cannot_be_kept_costs_nothing_else(tmp_path: Path, migrated: Path) -> None:
    (tmp_path / "file").touch()
    keep_template(migrated, tmp_path / "file" / "template.db")
    assert version_of(migrated) == "head"


def test_a_broken_template_is_replaced_and_a_sound_one_stays(
    tmp_path: Path, migrated: Path
) -> None:
    template = tmp_path / "template.db"
    template.write_bytes(b"broken")
    keep_template(migrated, template)
    first = template.stat()
    keep_template(migrated, template)
    assert version_of(template) == "head"
    assert template.stat().st_ino == first.st_ino
