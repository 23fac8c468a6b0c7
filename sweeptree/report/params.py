"""How the metric depends on the parameters: a table of shades for two that vary, parallel
coordinates for more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree.analysis.stats import Objective
from sweeptree.analysis.wording import number
from sweeptree.report.sheet import Config, Sheet
from sweeptree.report.svg import Element, Scale, drawing, element, markup, path, percent, scale

MAX_LINES = 200
MAX_AXES = 8
MAX_SIDE = 12
LEVELS = 7
_MAX_LABELS = 9


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: what is written in it and how good it is, 0 to LEVELS - 1; None: it has no
    value."""

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


def params_chart(sheet: Sheet) -> HeatMap | Parallel | None:
    """The chart of the metric that ranks; None unless two or more parameters vary."""
    if sheet.objective is None or len(sheet.ranked) < 3:
        return None
    varying = varying_params(sheet.ranked)
    if len(varying) < 2:
        return None
    return _heat_map(sheet.ranked, varying, sheet.objective) or _parallel(sheet, varying[:MAX_AXES])


def varying_params(configs: Sequence[Config]) -> list[str]:
    """The parameters that do not have one and the same value in all configs, in the order in which
    they are met."""
    names = dict.fromkeys(name for config in configs for name in config.params)
    return [name for name in names if len({_key(config, name) for config in configs}) > 1]


def _key(config: Config, name: str) -> str:
    return _text(config.params[name]) if name in config.params else "-"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _values(configs: Sequence[Config], name: str) -> list[str]:
    """The values of a parameter as text: numbers by size, everything else by name."""
    found = {_key(config, name): config.params.get(name) for config in configs}
    return sorted(found, key=lambda text: (not _is_number(found[text]), _number(found[text]), text))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else 0.0


def _levels(configs: Sequence[Config], goal: Objective) -> Mapping[str, int]:
    """How good each config is: equal steps from the worst mean to the best."""
    means = {config.name: config.of(goal.name, "mean") or 0.0 for config in configs}
    axis = scale(list(means.values()), room=0.0)
    good = {
        name: axis.at(mean) if goal.goal == "max" else 1 - axis.at(mean)
        for name, mean in means.items()
    }
    return {name: min(LEVELS - 1, int(share * LEVELS)) for name, share in good.items()}


def _heat_map(configs: Sequence[Config], varying: Sequence[str], goal: Objective) -> HeatMap | None:
    """The table; None when more than two vary, or when most of its cells would be empty or too
    many."""
    if len(varying) != 2:
        return None
    down, across = sorted(varying, key=lambda name: -len(_values(configs, name)))
    rows, columns = _values(configs, down), _values(configs, across)
    if (
        len(columns) > MAX_SIDE
        or 2 * len(configs) < len(rows) * len(columns)
        or len(rows) > 4 * MAX_SIDE
    ):
        return None
    at = {(_key(config, down), _key(config, across)): config for config in configs}
    levels = _levels(configs, goal)
    lines = [
        (row, tuple(_cell(at.get((row, column)), levels, goal) for column in columns))
        for row in rows
    ]
    return HeatMap(down, across, tuple(columns), tuple(lines))


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


def _parallel(sheet: Sheet, names: Sequence[str]) -> Parallel:
    assert sheet.objective is not None
    goal, shown = sheet.objective, sheet.ranked[:MAX_LINES]
    axes = [_axis(shown, name) for name in names]
    means = scale([config.of(goal.name, "mean") or 0.0 for config in shown])
    last = [(means.at(value), text) for value, text in means.ticks(5)]
    levels = _levels(shown, goal)
    field = element(
        "svg", viewBox="0 0 1000 1000", preserveAspectRatio="none", width="100%", height="100%"
    )
    for config in reversed(shown):
        heights = [axis.at[_key(config, axis.title)] for axis in axes] + [
            means.at(config.of(goal.name, "mean") or 0)
        ]
        points = [(place / len(axes), height) for place, height in enumerate(heights)]
        kind = "line best" if config is shown[0] else f"line h{levels[config.name]}"
        title = element("title", f"{config.name}: {config.spread(goal.name)}")
        field.append(element("polyline", title, class_=kind, points=path(points)))
    uprights = [
        _upright(place / len(axes), axis.title, axis.labels) for place, axis in enumerate(axes)
    ]
    uprights.append(_upright(1.0, goal.name, last))
    best = shown[0]
    told = ", ".join(f"{name} {_key(best, name)}" for name in names)
    label = f"{len(shown)} configs by {', '.join(names)}; the best has {told}: {goal.name} {best.spread(goal.name)}"
    svg = drawing(field, *uprights, label=label, class_="plot parallel")
    return Parallel(markup(svg), len(shown), len(sheet.ranked) - len(shown))


def _axis(configs: Sequence[Config], name: str) -> _Axis:
    """Numbers over a wide range stand by their logarithm, everything else at equal distances."""
    values = {_key(config, name): config.params.get(name) for config in configs}
    texts = _values(configs, name)
    places = _places(texts, values)
    step = -(-len(texts) // _MAX_LABELS)
    return _Axis(name, places, [(places[text], text) for text in texts[::step]])


def _places(texts: Sequence[str], values: Mapping[str, Any]) -> dict[str, float]:
    numbers = [_number(values[text]) for text in texts]
    if len(texts) <= _MAX_LABELS or not all(_is_number(values[text]) for text in texts):
        return {text: (place + 0.5) / len(texts) for place, text in enumerate(texts)}
    if min(numbers) > 0 and max(numbers) / min(numbers) >= 50:
        numbers = [math.log(value) for value in numbers]
    axis = Scale(min(numbers), max(numbers))
    return {text: 0.03 + 0.94 * axis.at(value) for text, value in zip(texts, numbers, strict=True)}


def _upright(at: float, title: str, labels: Sequence[tuple[float, str]]) -> Element:
    x = percent(at)
    group = element("g", element("line", class_="upright", x1=x, x2=x, y1=0, y2="100%"))
    anchor, shift = ("end", -8) if at == 1.0 else ("start", 8)
    group.append(element("text", _cut(title), class_="name", x=x, y=-12, text_anchor="middle"))
    for height, text in labels:
        y = percent(1 - height)
        group.append(
            element(
                "text",
                _cut(text),
                class_="halo",
                x=x,
                y=y,
                dx=shift,
                dy="0.32em",
                text_anchor=anchor,
            )
        )
    return group


def _cut(text: str, room: int = 18) -> str:
    return text if len(text) <= room else text[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"


def spread_range(configs: Sequence[Config], metric: str) -> str:
    """`0.6269 to 0.8360`: the worst mean and the best."""
    means = [mean for config in configs if (mean := config.of(metric, "mean")) is not None]
    return f"{number(min(means))} to {number(max(means))}" if means else ""
