"""How metrics went, step by step.

What stands elsewhere than in $SWEEPTREE_METRICS is written beside the record once, so that every
view finds the curves in one place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from sweeptree.analysis.metrics.files import MAX_HISTORY_BYTES, tail
from sweeptree.analysis.metrics.json_files import objects_of
from sweeptree.analysis.metrics.points import Point, points_of
from sweeptree.system.files import write_bytes

_MAX_STEPS = 5000


def history(files: Iterable[Path], names: Collection[str]) -> dict[str, list[tuple[float, float]]]:
    """How each of these metrics went: (step, value) in the order reported; the line's number where
    no step is told.

    The first of the files that says something counts. Nothing comes of a file beyond
    MAX_HISTORY_BYTES: its end alone would mislead.
    """
    for file in files:
        if found := _of_file(file, names):
            return found
    return {}


def _of_file(file: Path, names: Collection[str]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    data = tail(file, MAX_HISTORY_BYTES + 1)
    if len(data) > MAX_HISTORY_BYTES:
        return found
    for line, value in enumerate(objects_of(data), 1):
        for point in points_of(value):
            step = float(line if point.step is None else point.step)
            for name in point.numbers.keys() & names:
                found.setdefault(name, []).append((step, point.numbers[name]))
    return found


def write_history(file: Path, points: Sequence[Point]) -> bool:
    """Write points as JSON lines for `history`, at most 5,000; False for too few to draw."""
    if len(points) < 2:
        return False
    lines = b"".join(_line(point) for point in _thinned(points))
    write_bytes(file, lines, durable=False)
    return True


def _thinned(points: Sequence[Point]) -> Iterator[Point]:
    """Evenly spread points, the last one among them."""
    stride = -(-len(points) // _MAX_STEPS)
    first = (len(points) - 1) % stride
    yield from points[first::stride]


def _line(point: Point) -> bytes:
    step = {} if point.step is None else {"step": point.step}
    return json.dumps({**step, **point.numbers}, separators=(",", ":")).encode() + b"\n"
