"""Finds what a job reported. The first source that holds a number wins, and is named.

1. $SWEEPTREE_METRICS: JSON lines such as {"step": 3, "val_auc": 0.91}, or one JSON object;
2. lines `SWEEPTREE {json}` of the log;
3. the last line of the log that is a JSON object with a number.

Hides: torn lines, hostile sizes, links planted by a job, nested objects (`a.b`), lists per epoch.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeptree.analysis.stats import Objective, objective
from sweeptree.model.values import Metrics

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_MARKED_BYTES = 8 * 1024 * 1024
MAX_TAIL_BYTES = 64 * 1024
MAX_HISTORY_BYTES = 8 * 1024 * 1024
MAX_NAMES = 1000
NOTHING_FOUND = "none found"
_MAX_NAME = 200
_MAX_LEVELS = 3
_SPELT_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_STEPS = ("step", "global_step", "epoch")
_MARKED = re.compile(
    rb"SWEEPTREE[ \t]+(\{[^\r\n]*\})"
)  # begins with plain text: 50 times quicker than with `^`
_MAX_BAR = 400
_SHOWN_TEXT = 60
_LINE_END = re.compile(rb"[\r\n]")
_ESCAPE = rb"\x1b\[[0-9;?]*[A-Za-z]"
_BAR = rb"[^\r\n]*\d+%[^\r\n]*|[^\r\n]*\d+(?:\.\d+)?\s?(?:it|s|batch\w*|step\w*)/[^\r\n]*"
_BEFORE_MARK = re.compile(rb"(?:[ \t]|%s)*|%s" % (_ESCAPE, _BAR))


@dataclass(frozen=True, slots=True)
class Point:
    """What a job reported at one step; `not_finite`: names whose value there was no number."""

    step: int | float | None
    numbers: Mapping[str, float]
    not_finite: frozenset[str] = frozenset()

    @property
    def says_something(self) -> bool:
        """Whether a metric stands there, diverged ones included."""
        return bool(self.numbers or self.not_finite)


def collect(metrics_file: Path, log: Path, metric: str | None) -> Metrics:
    """What a job reported: last value per name, and the best of `metric` (`name`, `name:max`,
    `name:min`).

    Never raises for what a job wrote. Truth values are no numbers. NaN and infinity are left out,
    and `source` says so; a metric that ends with one has diverged: it has neither a last value nor
    a best one. A symlink in place of a file is not followed.
    """
    wanted = objective(metric) if metric else None
    for source, objects in _sources(metrics_file, log):
        found = _Found(wanted)
        for value in objects:
            found.take(value)
        if found.values or found.diverged:
            return found.metrics(source)
    return Metrics(source=_what_stood_there(metrics_file, log))


def _what_stood_there(metrics_file: Path, log: Path) -> str | None:
    """What stood where metrics could have been; None where nothing did."""
    data = _tail(metrics_file, MAX_TAIL_BYTES)
    if data.strip():
        return f"{NOTHING_FOUND}: {metrics_file.name} holds {_kind(data)}"
    if b"SWEEPTREE" in _tail(log, MAX_MARKED_BYTES):
        what = "holds SWEEPTREE, but no line SWEEPTREE {json} with a number"
        return f"{NOTHING_FOUND}: {log.name} {what}"
    return None


def _kind(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16 text, not JSON lines in UTF-8"
    first = data.split(b"\n", 1)[0].strip().decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else "?" for char in first[:_SHOWN_TEXT])
    return f"no JSON object with a number; it begins with {shown!r}"


def history(metrics_file: Path, names: Collection[str]) -> dict[str, list[tuple[float, float]]]:
    """How each of these metrics went: (step, value) in the order reported; the line's number where
    no step is told.

    Only $SWEEPTREE_METRICS is read. Nothing comes of a file beyond MAX_HISTORY_BYTES: its end alone
    would mislead.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    data = _tail(metrics_file, MAX_HISTORY_BYTES + 1)
    if len(data) > MAX_HISTORY_BYTES:
        return found
    for line, value in enumerate(_objects_of_file(data), 1):
        for point in _points(value):
            step = float(line if point.step is None else point.step)
            for name in point.numbers.keys() & names:
                found.setdefault(name, []).append((step, point.numbers[name]))
    return found


def _sources(metrics_file: Path, log: Path) -> Iterator[tuple[str, Iterable[Any]]]:
    yield metrics_file.name, _objects_of_file(_tail(metrics_file, MAX_FILE_BYTES))
    marked = _tail(log, MAX_MARKED_BYTES)
    yield f"{log.name}: SWEEPTREE lines", _parsed(_after_mark(marked))
    yield f"{log.name}: last JSON line", _last_object(marked[-MAX_TAIL_BYTES:])


def _after_mark(data: bytes) -> Iterator[bytes]:
    """What follows SWEEPTREE at the beginning of a line; blanks or a progress bar may precede it.

    A bar ends with no newline, so that what is printed next stands behind it.
    """
    for match in _MARKED.finditer(data):
        begin = max(0, match.start() - _MAX_BAR)
        before = _LINE_END.split(data[begin : match.start()])
        is_cut = len(before) == 1 and begin > 0
        if not is_cut and _BEFORE_MARK.fullmatch(before[-1]):
            yield match[1]


def _tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a regular file; nothing when it is missing, a link or anything
    else."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(file, "rb") as stream:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return b""
        stream.seek(max(0, status.st_size - limit))
        return stream.read(limit)


def _objects_of_file(data: bytes) -> Iterable[Any]:
    """The objects of JSON lines, or of a file that is one JSON object or array over many lines."""
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.lstrip().startswith(b"{"):
        for value in _parsed([data]):
            return [value]
    if data.lstrip().startswith(b"["):
        return _objects_of_array(data)
    return _parsed(data.splitlines())


def _objects_of_array(data: bytes) -> Iterable[Any]:
    """The objects of one JSON array; where it is none, of the lines."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return _parsed(data.splitlines())
    return [value for value in values if isinstance(value, dict)]


def _parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines. Torn lines and other text are skipped."""
    for line in lines:
        if not line.lstrip().startswith(b"{"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _last_object(data: bytes) -> Iterable[Any]:
    lines = (line.strip() for line in reversed(re.split(rb"[\r\n]", data)))
    for value in _parsed(_behind_bar(line) for line in lines if line.endswith(b"}")):
        if _reports(value):
            return [value]
    return []


def _behind_bar(line: bytes) -> bytes:
    """What a job printed behind a progress bar, which ends with no newline."""
    bar, brace, rest = line.partition(b"{")
    is_bar = len(bar) <= _MAX_BAR and _BEFORE_MARK.fullmatch(bar)
    return brace + rest if is_bar else line


def _reports(value: dict[str, Any]) -> bool:
    return any(point.says_something for point in _points(value))


@dataclass(slots=True)
class _Found:
    """The values so far, the best so far, and the names whose values were no finite numbers.

    `diverged`: those among the names whose value so far is the last and is not finite.
    """

    wanted: Objective | None
    values: dict[str, float] = field(default_factory=dict)
    best: dict[str, Any] | None = None
    not_finite: set[str] = field(default_factory=set)
    diverged: set[str] = field(default_factory=set)
    dropped: int = 0

    def take(self, value: dict[str, Any]) -> None:
        """Add what one JSON object says."""
        for point in _points(value):
            for name, number in point.numbers.items():
                self._add(name, number)
            for name in point.not_finite:
                self._lose(name)
            self._judge(point.step, point.numbers)

    def _add(self, name: str, number: float) -> None:
        self.diverged.discard(name)
        if name in self.values or len(self.values) < MAX_NAMES:
            self.values[name] = number
        else:
            self.dropped += 1

    def _lose(self, name: str) -> None:
        if len(self.not_finite) < MAX_NAMES:
            self.not_finite.add(name)
            self.diverged.add(name)
        self.values.pop(name, None)

    def metrics(self, source: str) -> Metrics:
        """What there is to tell; of a metric that diverged no earlier value is the best."""
        lost = self.best is not None and self.best["metric"] in self.diverged
        return Metrics(
            values=self.values,
            best=None if lost else self.best,
            source=source + self.left_out(),
            diverged=tuple(sorted(self.diverged)),
        )

    def _judge(self, step: int | float | None, numbers: Mapping[str, float]) -> None:
        wanted = self.wanted
        if wanted is None or wanted.name not in numbers:
            return
        value = numbers[wanted.name]
        if self.best is not None:
            old = self.best["value"]
            if value <= old if wanted.goal == "max" else value >= old:
                return
        self.best = {"metric": wanted.name, "value": value, "step": step, "goal": wanted.goal}

    def left_out(self) -> str:
        """What was not taken, in brackets, for the name of the source."""
        notes = []
        if self.not_finite:
            names = sorted(self.not_finite)
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            notes.append(f"not finite: {', '.join(names[:5])}{more}")
        if self.dropped:
            notes.append(f"only the first {MAX_NAMES} names were taken")
        return f" ({'; '.join(notes)})" if notes else ""


def _points(value: dict[str, Any]) -> Iterator[Point]:
    """One point per step: the object itself, and one per element where it holds lists (a history
    per epoch)."""
    plain: dict[str, Any] = {}
    series: dict[str, list[Any]] = {}
    for name, item in _flat(value, "", _MAX_LEVELS):
        if isinstance(item, list):
            series[name] = item
        elif name != "step":
            plain[name] = item
    yield from _series_points(series)
    step = next((value[name] for name in _STEPS if _is_number(value.get(name))), None)
    yield _point(step, plain)


def _series_points(series: Mapping[str, list[Any]]) -> Iterator[Point]:
    for index in range(max(map(len, series.values()), default=0)):
        items = {name: items[index] for name, items in series.items() if index < len(items)}
        yield _point(index + 1, items)


def _point(step: int | float | None, items: Mapping[str, Any]) -> Point:
    numbers: dict[str, float] = {}
    lost: set[str] = set()
    for name, item in items.items():
        if not _is_numeric(item):
            continue
        number = _finite(item)
        if number is None:
            lost.add(name)
        else:
            numbers[name] = number
    return Point(step, numbers, frozenset(lost))


def _flat(value: dict[str, Any], prefix: str, levels: int) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        full = f"{prefix}{name}"
        if len(full) > _MAX_NAME or not full.isprintable():
            continue
        if isinstance(item, dict):
            if levels > 1:
                yield from _flat(item, f"{full}.", levels - 1)
        else:
            yield full, item


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and _is_numeric(value) and _finite(value) is not None


def _is_numeric(value: object) -> bool:
    """A number, also one that is not finite; some writers spell those as text."""
    if isinstance(value, str):
        return value.lower().lstrip("+-") in _SPELT_NOT_FINITE
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: int | float | str) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
