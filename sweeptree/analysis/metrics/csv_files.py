"""CSV that loggers write: a header, then a row per step. Lightning's have a row per kind of metric,
with the other columns empty."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sweeptree.analysis.metrics.files import MAX_FILE_BYTES, head
from sweeptree.analysis.metrics.points import Point, Remark, Stream, finite, is_name

_STEPS = ("step", "global_step", "epoch", "iteration", "iter")
_NOT_FINITE = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity"})
_MISSING = frozenset({"", "-", "--", "n/a", "na", "none", "null"})
_MAX_COLUMNS = 2000
_SEPARATORS = ",;\t"


def read_csv_file(path: Path) -> Stream:
    """The points of a file with a header; of one beyond 64 MiB only the rows at its beginning.

    A later line of names alone is a new header, as writers leave that restart in one file.
    """
    piece = head(path, MAX_FILE_BYTES)
    if not piece.is_whole:
        yield Remark("larger than 64 MiB: only its beginning was read")
    text = _text(piece.data)
    if "\0" in text[:4096]:
        yield Remark("not text")
        return
    yield from _rows(_parsed(text))


def _text(data: bytes) -> str:
    """As UTF-8, or as UTF-16 where its byte order mark says so."""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def _parsed(text: str) -> Iterator[Sequence[str] | None]:
    """The rows; None for one that cannot be read."""
    lines = io.StringIO(text, newline=None)  # a carriage return ends a line too
    first = lines.readline()
    lines.seek(0)
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(lines, delimiter=separator)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error:  # a field beyond the module's limit, or a NUL byte
            yield None


def _rows(rows: Iterable[Sequence[str] | None]) -> Stream:
    header: Sequence[str] = ()
    for line, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in (row or ())[:_MAX_COLUMNS]]
        is_header = _is_header(cells, header)
        if trouble := _trouble(row, cells, header, is_header=is_header):
            yield Remark(f"row {line} has {trouble}")
        if is_header:
            header = cells
        elif any(cells) and len(cells) <= len(header):
            yield _point(header, cells)


def _trouble(
    row: Sequence[str] | None, cells: Sequence[str], header: Sequence[str], *, is_header: bool
) -> str | None:
    """What is wrong with a row."""
    if row is None or any("\n" in cell for cell in row):
        return "a quote that is not closed, or a giant field"
    if is_header:
        return "other columns" if header and cells != header else None
    if len(cells) > len(header):
        return f"{len(cells)} fields for {len(header)} columns"
    return None


def _is_header(cells: Sequence[str], before: Sequence[str]) -> bool:
    """Whether these are names: every filled cell is one, and none is a number. Below a header a row
    with an empty cell is one whose value is missing."""
    filled = [cell for cell in cells if cell.lower() not in _MISSING]
    if before and len(filled) < len(cells):
        return False
    return bool(filled) and all(is_name(cell) and not _is_number(cell) for cell in filled)


def _is_number(cell: str) -> bool:
    return finite(cell) is not None or cell.lower() in _NOT_FINITE


def _point(header: Sequence[str], cells: Sequence[str]) -> Point:
    numbers: dict[str, float] = {}
    lost: set[str] = set()
    for name, cell in zip(header, cells, strict=False):
        number = finite(cell) if cell else None
        if number is not None:
            numbers[name] = number
        elif cell.lower() in _NOT_FINITE:
            lost.add(name)
    step = next((numbers[name] for name in _STEPS if name in numbers), None)
    for name in ("step", "global_step"):
        numbers.pop(name, None)
    return Point(step, numbers, frozenset(lost))
