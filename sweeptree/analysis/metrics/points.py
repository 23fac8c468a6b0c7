"""What one step of a job says: numbers by name. JSON objects of any shape become such points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAX_NAME = 200
_MAX_LEVELS = 3
_SPELT_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_STEPS = ("step", "global_step", "epoch", "_step")
_NO_METRICS = frozenset({"step", "_step"})


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


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader could not read, in a few words; it stands among the points."""

    text: str


Stream = Iterator[Point | Remark]


def points_of(value: Mapping[str, Any]) -> Iterator[Point]:
    """One point per step of a JSON object: the object itself, and one per element where it holds
    lists (a history per epoch)."""
    plain: dict[str, Any] = {}
    series: dict[str, list[Any]] = {}
    for name, item in _flat(value, "", _MAX_LEVELS):
        if isinstance(item, list):
            series[name] = item
        elif name not in _NO_METRICS:
            plain[name] = item
    yield from _series_points(series)
    yield point(_step_of(value), plain)


def point(step: int | float | None, items: Mapping[str, Any]) -> Point:
    """A point of the numbers among these items; truth values and other text are left out, and names
    that no metric can have."""
    numbers: dict[str, float] = {}
    lost: set[str] = set()
    for name, item in items.items():
        if not _is_numeric(item) or not is_name(name):
            continue
        number = finite(item)
        if number is None:
            lost.add(name)
        else:
            numbers[name] = number
    return Point(step, numbers, frozenset(lost))


def finite(value: int | float | str) -> float | None:
    """The number; None where it is not finite, or no number at all."""
    if isinstance(value, str) and "_" in value:  # Python reads 1_0 as 10, and nobody else does
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def is_name(text: str) -> bool:
    """Whether this can be the name of a metric."""
    return 0 < len(text) <= _MAX_NAME and text.isprintable()


def _step_of(value: Mapping[str, Any]) -> int | float | None:
    return next((value[name] for name in _STEPS if _is_number(value.get(name))), None)


def _series_points(series: Mapping[str, list[Any]]) -> Iterator[Point]:
    for index in range(max(map(len, series.values()), default=0)):
        items = {name: items[index] for name, items in series.items() if index < len(items)}
        yield from _step_points(index + 1, items)


def _step_points(step: int, items: Mapping[str, Any]) -> Iterator[Point]:
    """One step of lists: numbers by the lists' names, or objects (as in Hugging Face's
    `log_history`), whose names stand for themselves."""
    plain = {name: item for name, item in items.items() if not isinstance(item, dict)}
    if plain:
        yield point(step, plain)
    for item in items.values():
        if isinstance(item, dict):
            told = _step_of(item)
            named = {name: each for name, each in item.items() if name not in _NO_METRICS}
            yield point(step if told is None else told, named)


def _flat(value: Mapping[str, Any], prefix: str, levels: int) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        full = f"{prefix}{name}"
        if not is_name(full):
            continue
        if isinstance(item, dict):
            if levels > 1:
                yield from _flat(item, f"{full}.", levels - 1)
        else:
            yield full, item


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and _is_numeric(value) and finite(value) is not None


def _is_numeric(value: object) -> bool:
    """A number, also one that is not finite; some writers spell those as text."""
    if isinstance(value, str):
        return value.lower().lstrip("+-") in _SPELT_NOT_FINITE
    return isinstance(value, int | float) and not isinstance(value, bool)
