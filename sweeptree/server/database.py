"""The managed server's SQLite database: whether it can be used, and setting a broken one aside.

Hides what belongs to the database beside its file, and which of SQLite's complaints mean that it is broken.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from sweeptree.server.config import ServerPaths

LOOK_SECONDS = 3.0  # a large database is not read to its end for a look
_BESIDE = ("", "-wal", "-shm")


def trouble(paths: ServerPaths, *, glance: bool = False) -> str | None:
    """Why the database cannot be used, in SQLite's words; None when it can, or when there is none yet.

    It is only read; at a `glance`, its first page alone. One that somebody holds, or that is too large to be read in
    a few seconds, is not called broken.
    """
    database = paths.database
    if not database.is_file() or not database.stat().st_size:
        return None
    end = time.monotonic() + LOOK_SECONDS
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=1)) as found:
            found.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            found.execute("SELECT count(*) FROM sqlite_master")
            answer = "ok" if glance else str(found.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:  # locked, interrupted, or not to be opened at all
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else answer.splitlines()[-1]


def set_aside(paths: ServerPaths) -> Path:
    """Rename the database with what belongs to it; where it stands now. The caller knows that no server uses it."""
    aside = f"{paths.database.name}.broken-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    for suffix in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            paths.database.with_name(paths.database.name + suffix).rename(paths.home / f"{aside}{suffix}")
    return paths.home / aside
