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
_MAX_COLUMNS = 2000
_SEPARATORS = ",;\t"


def read_csv_file(path: Path) -> Stream:
    """The points of a file with a header; of one beyond 64 MiB only the rows at its beginning.

    A later line of names is a new header, as writers leave that restart in one file.
    """
    piece = head(path, MAX_FILE_BYTES)
    if not piece.is_whole:
        yield Remark("larger than 64 MiB: only its beginning was read")
    if b"\0" in piece.data[:4096]:
        yield Remark("not text")
        return
    text = piece.data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    yield from _rows(_parsed(text))


def _parsed(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error:  # a field beyond the module's limit, or a NUL byte
            continue


def _rows(rows: Iterable[Sequence[str]]) -> Stream:
    header: Sequence[str] = ()
    for line, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row[:_MAX_COLUMNS]]
        if _is_header(cells):
            if header and tuple(cells) != tuple(header):
                yield Remark(f"line {line} has other columns")
            header = cells
        elif len(cells) > len(header):
            yield Remark(f"line {line} has {len(cells)} fields for {len(header)} columns")
        elif any(cells):
            yield _point(header, cells)


def _is_header(cells: Sequence[str]) -> bool:
    """Whether these are names: every filled cell is one, and none is a number."""
    filled = [cell for cell in cells if cell]
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
