"""How the metric depends on the parameters: shades for two that vary, parallel lines for more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree.analysis.stats import Goal, Objective
from sweeptree.analysis.wording import number
from sweeptree.report.sheet import Config, Sheet
from sweeptree.report.svg import (
    Element,
    Scale,
    drawing,
    element,
    field,
    markup,
    path,
    percent,
    scale,
)
from sweeptree.report.varying import value_text, varying

MAX_LINES = 200
MAX_AXES = 8
MAX_SIDE = 12
LEVELS = 7
_MAX_LABELS = 9
_WIDE = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: what is written and how good it is, 0 to LEVELS - 1; None: no value."""

    text: str
    level: int | None


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Rows are the values of `down`, columns those of `across`."""

    down: str
    across: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """One line per config through an axis for each parameter and one for the metric."""

    svg: str
    lines: int
    left_out: int
    axes: int


def params_chart(sheet: Sheet) -> HeatMap | Parallel | None:
    """The chart of the metric that ranks; None unless two or more parameters vary."""
    if sheet.objective is None or len(sheet.ranked) < 3:
        return None
    names = varying([config.params for config in sheet.ranked])
    if len(names) < 2:
        return None
    heat_map = _heat_map(sheet.ranked, names, sheet.objective)
    return heat_map or _parallel(sheet, names[:MAX_AXES], sheet.objective)


def _key(config: Config, name: str) -> str:
    return value_text(config.params, name)


def _values(configs: Sequence[Config], name: str) -> list[str]:
    """The values of a parameter as text: numbers by size, everything else by name."""
    found = {_key(config, name): config.params.get(name) for config in configs}
    return sorted(found, key=lambda text: (*_size(found[text]), text))


def _size(value: object) -> tuple[bool, float]:
    """Numbers before everything else, and by size."""
    return not _is_number(value), _number(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else 0.0


def _levels(configs: Sequence[Config], goal: Objective) -> Mapping[str, int]:
    """How good each config is: equal steps from the worst mean to the best."""
    axis = scale(_means(configs, goal), room=0.0)
    levels = {}
    for config, mean in zip(configs, _means(configs, goal), strict=True):
        share = axis.at(mean) if goal.goal is Goal.MAX else 1 - axis.at(mean)
        levels[config.name] = min(LEVELS - 1, int(share * LEVELS))
    return levels


def _means(configs: Sequence[Config], goal: Objective) -> list[float]:
    return [config.mean(goal.name) or 0.0 for config in configs]


def _heat_map(configs: Sequence[Config], names: Sequence[str], goal: Objective) -> HeatMap | None:
    """The table; None when more than two vary, or its cells would be mostly empty or too many."""
    if len(names) != 2:
        return None
    down, across = sorted(names, key=lambda name: -len(_values(configs, name)))
    rows, columns = _values(configs, down), _values(configs, across)
    if not _fits(len(configs), len(rows), len(columns)):
        return None
    at = {(_key(config, down), _key(config, across)): config for config in configs}
    levels = _levels(configs, goal)
    lines = []
    for row in rows:
        cells = (_cell(at.get((row, column)), levels, goal) for column in columns)
        lines.append((row, tuple(cells)))
    return HeatMap(down, across, tuple(columns), tuple(lines))


def _fits(configs: int, rows: int, columns: int) -> bool:
    """At least half of the cells are filled, and there are not too many."""
    return columns <= MAX_SIDE and rows <= 4 * MAX_SIDE and 2 * configs >= rows * columns


def _cell(config: Config | None, levels: Mapping[str, int], goal: Objective) -> Cell:
    if config is None:
        return Cell("", None)
    return Cell(config.spread(goal.name), levels[config.name])


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where each value of a parameter stands on its axis, 0 to 1, and what is written beside it."""

    title: str
    at: Mapping[str, float]
    labels: Sequence[tuple[float, str]]


def _parallel(sheet: Sheet, names: Sequence[str], goal: Objective) -> Parallel:
    shown = sheet.ranked[:MAX_LINES]
    axes = [_axis(shown, name) for name in names]
    means = scale(_means(shown, goal), may_be_log=True)
    lines = _lines(shown, axes, means, goal)
    uprights = [_upright(n / len(axes), axis.title, axis.labels) for n, axis in enumerate(axes)]
    last = [(means.at(value), text) for value, text in means.ticks(5)]
    uprights.append(_upright(1.0, goal.name, last))
    label = _label(shown, names, goal)
    svg = drawing(lines, *uprights, label=label, class_="plot parallel")
    return Parallel(markup(svg), len(shown), len(sheet.ranked) - len(shown), len(uprights))


def _lines(
    shown: Sequence[Config], axes: Sequence[_Axis], means: Scale, goal: Objective
) -> Element:
    """A line per config through all axes, the best on top."""
    levels = _levels(shown, goal)
    lines = field()
    for config in reversed(shown):
        heights = [axis.at[_key(config, axis.title)] for axis in axes]
        heights.append(means.at(config.mean(goal.name) or 0.0))
        points = [(place / len(axes), height) for place, height in enumerate(heights)]
        kind = "line best" if config is shown[0] else f"line h{levels[config.name]}"
        title = element("title", f"{config.name}: {config.spread(goal.name)}")
        lines.append(
            element("polyline", title, class_=kind, points=path(points), data_config=config.place)
        )
    return lines


def _label(shown: Sequence[Config], names: Sequence[str], goal: Objective) -> str:
    best = shown[0]
    values = ", ".join(f"{name} {_key(best, name)}" for name in names)
    result = f"{goal.name} {best.spread(goal.name)}"
    return f"{len(shown)} configs by {', '.join(names)}; the best has {values}: {result}"


def _axis(configs: Sequence[Config], name: str) -> _Axis:
    """Numbers over a wide range stand by their logarithm, everything else at equal distances."""
    values = {_key(config, name): config.params.get(name) for config in configs}
    texts = _values(configs, name)
    places = _places(texts, values)
    step = -(-len(texts) // _MAX_LABELS)
    return _Axis(name, places, [(places[text], text) for text in texts[::step]])


def _places(texts: Sequence[str], values: Mapping[str, Any]) -> dict[str, float]:
    numbers = [_number(values[text]) for text in texts]
    are_numbers = all(map(_is_number, values.values()))
    if len(texts) <= _MAX_LABELS or not are_numbers:
        return {text: (place + 0.5) / len(texts) for place, text in enumerate(texts)}
    if _is_wide(numbers):
        numbers = [math.log(value) for value in numbers]
    axis = Scale(min(numbers), max(numbers))
    places = (0.03 + 0.94 * axis.at(value) for value in numbers)
    return dict(zip(texts, places, strict=True))


def _is_wide(numbers: Sequence[float]) -> bool:
    return min(numbers) > 0 and max(numbers) / min(numbers) >= _WIDE


def _upright(at: float, title: str, labels: Sequence[tuple[float, str]]) -> Element:
    x = percent(at)
    line = element("line", class_="upright", x1=x, x2=x, y1=0, y2="100%")
    group = element("g", line, class_="axis", data_name=title)
    anchor, shift = ("end", -8) if at == 1.0 else ("start", 8)
    group.append(element("text", _cut(title), class_="name", x=x, y=-12, text_anchor="middle"))
    for height, text in labels:
        place = {"x": x, "y": percent(1 - height), "dx": shift, "dy": "0.32em"}
        label = element("text", _cut(text), class_="halo", **place, text_anchor=anchor)
        group.append(label)
    return group


def _cut(text: str, room: int = 14) -> str:
    return text if len(text) <= room else text[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"


def spread_range(configs: Sequence[Config], metric: str) -> str:
    """`0.6269 to 0.8360`: the worst mean and the best."""
    found = (config.mean(metric) for config in configs)
    means = [mean for mean in found if mean is not None]
    return f"{number(min(means))} to {number(max(means))}" if means else ""
