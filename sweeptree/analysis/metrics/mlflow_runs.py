"""MLflow's local stores: a folder `metrics` with a file per metric, or a SQLite database.

Sources: mlflow/store/tracking/file_store.py (lines `timestamp value step`) and
mlflow/store/tracking/dbmodels/models.py (table `metrics`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sweeptree.analysis.metrics.files import MAX_HISTORY_BYTES, tail
from sweeptree.analysis.metrics.points import Point, Remark, Stream, finite, is_name

_MAX_ROWS = 1_000_000
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
    if tail(path, 1) and not _is_database(path):
        yield Remark("no SQLite database")
        return
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            yield from _rows(database.execute(_ROWS, (_MAX_ROWS,)))
    except sqlite3.Error as error:
        yield Remark(str(error))


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


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
