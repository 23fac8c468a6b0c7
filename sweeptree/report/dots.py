"""The dot-and-interval chart: a row per config, each run a dot, the mean and its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeptree.analysis.wording import number
from sweeptree.report.sheet import Config, Sheet
from sweeptree.report.svg import Element, Scale, drawing, element, markup, percent, scale

MAX_ROWS = 40
MAX_DOTS = 60
_WIDE = 3.0
_MIDDLE, _HEIGHT = 14.0, 28


@dataclass(frozen=True, slots=True)
class DotRow:
    """One config: its name, its picture, and what the picture shows in numbers."""

    name: str
    svg: str
    spread: str
    n: int


@dataclass(frozen=True, slots=True)
class DotChart:
    """`left_out`: configs that are only in the table; `clipped`: an interval leaves the axis."""

    metric: str
    rows: tuple[DotRow, ...]
    axis: str
    left_out: int
    clipped: bool
    is_log: bool


def dot_chart(sheet: Sheet) -> DotChart | None:
    """The chart of the metric that ranks; None when no config has it."""
    if sheet.objective is None or not sheet.ranked:
        return None
    metric, shown = sheet.objective.name, sheet.ranked[:MAX_ROWS]
    axis = _axis(shown, metric)
    best = shown[0].mean(metric)
    rows = [_row(config, metric, axis, best) for config in shown]
    clipped = any(not _whole(config.interval(metric), axis) for config in shown)
    left_out = len(sheet.ranked) - len(shown)
    return DotChart(
        metric, tuple(rows), markup(_axis_picture(axis)), left_out, clipped, axis.is_log
    )


def _axis(configs: Sequence[Config], metric: str) -> Scale:
    """Dots decide; intervals are within unless they are so wide that the dots would be a heap."""
    dots = [value for config in configs for _, value in config.values(metric)]
    ends = [end for config in configs for end in config.interval(metric) or ()]
    low, high = min(dots), max(dots)
    everything = [*dots, *ends]
    by_logarithms = scale(dots, may_be_log=True)
    if by_logarithms.is_log:
        return by_logarithms
    if max(everything) - min(everything) <= _WIDE * (high - low):
        return scale(everything)
    return scale(dots, room=0.3)


def _whole(interval: tuple[float, float] | None, axis: Scale) -> bool:
    return interval is None or (axis.holds(interval[0]) and axis.holds(interval[1]))


def _row(config: Config, metric: str, axis: Scale, best: float | None) -> DotRow:
    parts = _grid(axis)
    if best is not None:
        parts.append(_upright(axis.at(best), 0, _HEIGHT, "ref"))
    interval, mean = config.interval(metric), config.mean(metric)
    if interval:
        parts += _interval(interval, axis)
    runs = config.values(metric)
    parts += [_dot(seed, value, axis) for seed, value in runs[:MAX_DOTS]]
    if mean is not None and len(runs) > 1:
        parts.append(_upright(axis.at(mean), 5, _HEIGHT - 5, "mean"))
    picture = drawing(*parts, label=_spoken(config, metric), class_="row", height=_HEIGHT)
    return DotRow(config.name, markup(picture), config.spread(metric), len(runs))


def _grid(axis: Scale) -> list[Element]:
    return [_upright(axis.at(value), 0, _HEIGHT, "grid") for value, _ in axis.ticks()]


def _upright(at: float, top: float, bottom: float, kind: str) -> Element:
    return element("line", class_=kind, x1=percent(at), x2=percent(at), y1=top, y2=bottom)


def _interval(interval: tuple[float, float], axis: Scale) -> list[Element]:
    low, high = interval
    x = {"x1": percent(axis.at(low)), "x2": percent(axis.at(high))}
    line = element("line", class_="ci", **x, y1=_MIDDLE, y2=_MIDDLE)
    return [
        line,
        _end(low, axis, "\N{LEFTWARDS ARROW}", "start"),
        _end(high, axis, "\N{RIGHTWARDS ARROW}", "end"),
    ]


def _end(value: float, axis: Scale, arrow: str, anchor: str) -> Element:
    """A bar where the interval ends, or an arrow where that is beyond the axis."""
    at = axis.at(value)
    if axis.holds(value):
        return _upright(at, _MIDDLE - 4, _MIDDLE + 4, "ci")
    x = percent(at)
    return element("text", arrow, class_="beyond", x=x, y=_MIDDLE + 4, text_anchor=anchor)


def _dot(seed: str, value: float, axis: Scale) -> Element:
    name = seed if seed.startswith("job ") else f"seed {seed}"
    title = element("title", f"{name}: {number(value)}")
    return element("circle", title, class_="dot", cx=percent(axis.at(value)), cy=_MIDDLE, r=4.5)


def _spoken(config: Config, metric: str) -> str:
    runs = config.values(metric)
    values = ", ".join(number(value) for _, value in runs[:MAX_DOTS])
    interval = config.interval(metric)
    ends = f"; 95 % interval {number(interval[0])} to {number(interval[1])}" if interval else ""
    return f"{config.name}: {metric} {values}; mean {number(config.mean(metric))}{ends}"


def _axis_picture(axis: Scale) -> Element:
    labels = [
        element("text", text, x=percent(axis.at(value)), y=14.0, text_anchor="middle")
        for value, text in axis.ticks()
    ]
    return element("svg", *labels, class_="row axis", height=20, aria_hidden="true")
