"""The managed server's SQLite database: made for the first time, looked at, and set aside when it
is broken.

Hides what belongs to the database beside its file, which of SQLite's complaints mean that it is
broken, and that a new one takes a hundred migrations.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sweeptree.engine.server.config import ServerPaths
from sweeptree.engine.server.template import copy_template, keep_template, template_path

LOOK_SECONDS = 3.0  # a large database is not read to its end for a look
_BESIDE = ("", "-wal", "-shm")


def trouble(paths: ServerPaths, *, glance: bool = False) -> str | None:
    """Why the database cannot be used, in SQLite's words; None when it can, or when there is none
    yet.

    It is only read; at a `glance`, its first page alone. One that somebody holds, or that is too
    large to be read in a few seconds, is not called broken.
    """
    database = paths.database
    if not database.is_file() or not database.stat().st_size:
        return None
    end = time.monotonic() + LOOK_SECONDS
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=1)
        ) as found:
            found.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            found.execute("SELECT count(*) FROM sqlite_master")
            answer = "ok" if glance else str(found.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:  # locked, interrupted, or not to be opened at all
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else answer.splitlines()[-1]


def set_aside(paths: ServerPaths) -> Path:
    """Rename the database with what belongs to it; where it stands now.

    The caller knows that no server uses it.
    """
    aside = f"{paths.database.name}.broken-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    for suffix in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            paths.database.with_name(paths.database.name + suffix).rename(
                paths.home / f"{aside}{suffix}"
            )
    return paths.home / aside


@contextlib.contextmanager
def made_beside(database: Path) -> Iterator[None]:
    """Copy a database that is not there yet from the template; where there is none, make it in a
    process of its own, while the caller loads the rest of the server.

    Prefect's migrations take some 7 s of CPU, as long as the other start of the server. It ends
    with the caller. Where it fails, the server makes the database itself when it starts, and says
    what is wrong.
    """
    is_there = database.exists() and database.stat().st_size > 0
    if is_there or copy_template(database, template_path()):
        yield
        return
    from prefect.server.database import provide_database_interface

    interface = provide_database_interface()
    theirs, ours = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        threading.Thread(target=_end_with, args=(theirs,), daemon=True).start()
        code = 1
        try:
            asyncio.run(interface.create_db())
            keep_template(database, template_path())
            code = 0
        finally:
            os._exit(code)
    os.close(theirs)
    try:
        yield
    finally:
        os.waitpid(child, 0)
        os.close(ours)


def _end_with(pipe: int) -> None:
    os.read(pipe, 1)  # nobody writes: it ends when the process that holds the other end is gone
    os._exit(1)
