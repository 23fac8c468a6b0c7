"""MLflow's local stores: a folder `metrics` with a file per metric, or a SQLite database.

Sources: mlflow/store/tracking/file_store.py (lines `timestamp value step`) and
mlflow/store/tracking/dbmodels/models.py (table `metrics`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from sweeptree.analysis.metrics.files import MAX_HISTORY_BYTES, open_regular, tail
from sweeptree.analysis.metrics.points import Point, Remark, Stream, finite, is_name

_MAX_ROWS = 1_000_000
_STEPS_AT_ONCE = 100_000  # of SQLite's virtual machine
_MAX_CHECKS = 1000  # so many times as many steps; a million rows take a third of that
_SQLITE = b"SQLite format 3\0"
_ROWS = "SELECT key, value, step, is_nan FROM metrics ORDER BY timestamp, step LIMIT ?"


def read_metric_files(files: Iterable[Path]) -> Stream:
    """The metrics of one run: each file bears its metric's name, and has a line per value."""
    for file in files:
        for line in tail(file, MAX_HISTORY_BYTES).decode("utf-8", "replace").splitlines():
            words = line.split()
            if len(words) >= 2:
                yield _point(file.name, words[1], words[2] if len(words) > 2 else None)


def read_database(path: Path) -> Stream:
    """The metrics of the runs of a database; one of other tables has none."""
    file = open_regular(path)
    if file is None:
        return
    with os.fdopen(file, "rb") as stream:
        if stream.read(len(_SQLITE)) == _SQLITE:
            yield from _of_database(file)
        else:
            yield Remark("no SQLite database")


def _of_database(file: int) -> Stream:
    """By its handle: what the name leads to may be another file by now."""
    address = f"file:/proc/self/fd/{file}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.set_progress_handler(_Bound().is_reached, _STEPS_AT_ONCE)
            yield from _rows(database.execute(_ROWS, (_MAX_ROWS,)))
    except sqlite3.Error as error:
        yield Remark(str(error))


class _Bound:
    """Ends a query that goes on and on: `metrics` may be a view without an end."""

    def __init__(self) -> None:
        self._checks = 0

    def is_reached(self) -> bool:
        """Whether the query has had its steps."""
        self._checks += 1
        return self._checks > _MAX_CHECKS


def _rows(rows: Iterable[tuple[object, ...]]) -> Iterator[Point]:
    for key, value, step, is_nan in rows:
        text = "nan" if is_nan else str(value)
        yield _point(str(key), text, str(step))


def _point(name: str, value: str, step: str | None) -> Point:
    number, at = finite(value), finite(step) if step is not None else None
    if not is_name(name):
        return Point(at, {})
    if number is None:
        return Point(at, {}, frozenset({name}))
    return Point(at, {name: number})
