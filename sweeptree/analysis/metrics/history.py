"""How metrics went, step by step.

What stands elsewhere than in $SWEEPTREE_METRICS is written beside the record once, so that every
view finds the curves in one place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from sweeptree.analysis.metrics.files import MAX_HISTORY_BYTES, tail
from sweeptree.analysis.metrics.json_files import objects_of
from sweeptree.analysis.metrics.points import Point, points_of
from sweeptree.analysis.metrics.thinning import counted, thinned
from sweeptree.system.files import write_bytes

_MAX_STEPS = 5000
_LARGEST = 1e15  # beyond it a step counts nothing
_STEP_BYTES = 64  # of a step and a value, at most


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
            if abs(step) > _LARGEST:
                step = float(line)
            for name in point.numbers.keys() & names:
                found.setdefault(name, []).append((step, point.numbers[name]))
    return found


def write_history(file: Path, points: Sequence[Point]) -> bool:
    """Write points as JSON lines for `history`, of each metric at most 5,000 and of all so many as
    `history` reads; False for too few to draw."""
    if len(points) < 2:
        return False
    lines = b"".join(_line(point) for point in thinned(points, _most(points)))
    write_bytes(file, lines, durable=False)
    return True


def _most(points: Sequence[Point]) -> int:
    """How many values of each metric there is room for."""
    names = counted(points)
    bytes_of_all = sum(len(json.dumps(name)) + _STEP_BYTES for name in names)
    return max(2, min(_MAX_STEPS, MAX_HISTORY_BYTES // max(1, bytes_of_all)))


def _line(point: Point) -> bytes:
    step = {} if point.step is None else {"step": point.step}
    return json.dumps({**step, **point.numbers}, separators=(",", ":")).encode() + b"\n"
