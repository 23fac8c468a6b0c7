"""The metric of jobs while they run: what $SWEEPTREE_METRICS holds, else what the log has printed.

Hides: that a log is read on from where the last look ended, a bounded piece at a time.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from sweeptree.analysis.metrics import printed_points
from sweeptree.records import SweepPaths
from sweeptree.sweep.tails import read_from, read_tail

_MOST_BYTES = 32 * 1024  # of a file or a log at one look
_MAX_LINE = 4000
_POINTS = 16


@dataclass(frozen=True, slots=True)
class Curve:
    """The last values of the metric that a job has reported, and its last step; `has_diverged`: the
    very last is no finite number."""

    values: tuple[float, ...] = ()
    step: float | None = None
    has_diverged: bool = False

    @property
    def says_something(self) -> bool:
        """Whether the metric has been reported."""
        return bool(self.values) or self.has_diverged


class JobCurves:
    """The curves of a sweep's jobs. One thread uses it.

    `metric` is the name alone, None where the sweep has none. What --metric_regex finds is not
    among them: a pattern may take long, so that it is used once, when a job has ended.
    """

    def __init__(self, paths: SweepPaths, metric: str | None) -> None:
        self._paths = paths
        self._metric = metric
        self._reported: dict[int, tuple[int, Curve]] = {}
        self._printed: dict[int, _LogSoFar] = {}

    def now(self, index: int) -> Curve:
        """What job `index` has reported so far; only what is new since the last call is read."""
        reported = self._from_file(index)
        if reported.says_something or self._metric is None:
            return reported
        printed = self._from_log(index, self._metric)
        return printed if printed.says_something else reported

    def forget(self, index: int) -> None:
        """Another attempt of the job writes its file and its log anew."""
        self._reported.pop(index, None)
        self._printed.pop(index, None)

    def _from_file(self, index: int) -> Curve:
        path = self._paths.metrics(index)
        size = _size(path)
        if not size:
            return Curve()
        known = self._reported.get(index)
        if known is None or known[0] != size:
            known = (size, read_curve(read_tail(path, _MOST_BYTES), self._metric))
            self._reported[index] = known
        return known[1]

    def _from_log(self, index: int, metric: str) -> Curve:
        path = self._paths.log(index)
        size = _size(path)
        log = self._printed.setdefault(index, _LogSoFar())
        if size < log.place:
            log = self._printed[index] = _LogSoFar()
        if size > log.place:
            log.take(log.read_on(path, size), metric)
        return log.curve()


@dataclass(slots=True)
class _LogSoFar:
    """A log up to `place`; `rest` is its last line, as long as nothing ends it."""

    place: int = 0
    rest: bytes = b""
    step: float | None = None
    has_diverged: bool = False
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_POINTS))

    def read_on(self, path: Path, size: int) -> bytes:
        """The whole lines since the last look; of more than fits only the last."""
        begin = max(self.place, size - _MOST_BYTES)
        new = read_from(path, begin, size - begin)
        is_gapless = begin == self.place
        data = self.rest + new if is_gapless else new[_first_line_end(new) :]
        whole = _last_line_end(data)
        self.place = begin + len(new)
        self.rest = data[whole:][-_MAX_LINE:]
        return data[:whole]

    def take(self, lines: bytes, metric: str) -> None:
        """Add the values of the metric that stand in these lines."""
        for point in printed_points(lines, metric):
            self.step = self.step if point.step is None else point.step
            value = point.numbers.get(metric)
            if value is not None:
                self.values.append(value)
            if value is not None or metric in point.not_finite:
                self.has_diverged = value is None

    def curve(self) -> Curve:
        """What was found so far."""
        return Curve(tuple(self.values), _plain(self.step), self.has_diverged)


def _plain(step: float | None) -> float | None:
    """A step as people count: 3, not 3.0."""
    return step if step is None or step % 1 else int(step)


def read_curve(data: bytes, metric: str | None) -> Curve:
    """The curve from the end of a metrics file: whole lines of JSON objects, torn ones skipped."""
    values: list[float] = []
    step: float | None = None
    has_diverged = False
    for point in _objects(data):
        if _is_number(point.get("step")):
            step = point["step"]
        value = None if metric is None else point.get(metric)
        if _is_number(value):
            values.append(float(value))
        if isinstance(value, int | float):
            has_diverged = not _is_number(value)
    return Curve(tuple(values[-_POINTS:]), step, has_diverged)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _first_line_end(data: bytes) -> int:
    """Where the second line begins; a carriage return ends a line too."""
    ends = [place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0]
    return min(ends) + 1 if ends else len(data)


def _last_line_end(data: bytes) -> int:
    return max(data.rfind(b"\n"), data.rfind(b"\r")) + 1


def _objects(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            point = json.loads(line)
            if isinstance(point, dict):
                yield point


def _is_number(value: object) -> TypeGuard[float]:
    """True for a finite number; JSON as Python reads it may hold NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
