"""An empty database with all of Prefect's migrations, made once and copied for every new home.

Hides where it stands (beside the installed packages, under Prefect's version) and that it appears
whole or not at all. Whoever makes a database for the first time leaves it for the next ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from sweeptree.engine.server.config import ServerPaths, server_environment

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def template_path() -> Path:
    """Where the database of this environment's Prefect stands, if it has been made."""
    return Path(sys.prefix) / "share" / "sweeptree" / f"prefect-{metadata.version('prefect')}.db"


def copy_template(database: Path, template: Path) -> bool:
    """Begin a new database as a copy; False where there is no template that can be used."""
    try:
        if not _is_migrated(template):
            return False
        aside = database.with_name(f".{database.name}.{os.getpid()}.new")
        os.close(os.open(aside, _NEW, 0o600))
        shutil.copyfile(template, aside)
        aside.replace(database)
    except OSError:
        return False
    return True


def keep_template(database: Path, template: Path) -> None:
    """Let a database that was just migrated be the template, where there is none that can be used;
    trouble with it costs only time."""
    if _is_migrated(template):
        return
    aside = template.with_name(f".{template.name}.{os.getpid()}.new")
    with contextlib.suppress(OSError, sqlite3.Error):
        template.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(database)) as source,
            contextlib.closing(sqlite3.connect(aside)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        aside.replace(template)


def make_template() -> None:
    """Make the template of this environment, if there is none. Imports Prefect's server."""
    if _is_migrated(template_path()):
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ.update(server_environment(Path(folder)))
        from prefect.server.database import provide_database_interface

        asyncio.run(provide_database_interface().create_db())
        keep_template(ServerPaths(Path(folder)).database, template_path())


def _is_migrated(template: Path) -> bool:
    if not template.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{template.as_uri()}?mode=ro", uri=True)) as found:
            return bool(found.execute("SELECT version_num FROM alembic_version").fetchone())
    except sqlite3.Error:
        return False
