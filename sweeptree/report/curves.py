"""Learning curves: per config the mean over its seeds and a band of one std, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweeptree.analysis import stats
from sweeptree.analysis.metrics import MAX_HISTORY_BYTES, history
from sweeptree.analysis.wording import number
from sweeptree.records import SweepPaths
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

MAX_CONFIGS = 8
MAX_SEEDS = 10
MAX_PANELS = 3
MAX_POINTS = 80
_MAX_BYTES = 8 * MAX_HISTORY_BYTES

Run = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Point:
    """The mean over seeds at one step, and the standard deviation (None for one seed)."""

    step: float
    mean: float
    std: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One config of a panel; `series` is its colour and dash, 0 to 7. At least two points."""

    series: int
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The picture of one metric."""

    metric: str
    svg: str


@dataclass(frozen=True, slots=True)
class CurveChart:
    """The panels, the names of the series in order, and how many configs have no curve here."""

    panels: tuple[Panel, ...]
    names: tuple[tuple[int, str], ...]
    left_out: int


def curve_chart(sheet: Sheet, paths: SweepPaths) -> CurveChart | None:
    """The curves of the best configs; None when no job wrote its metrics step by step."""
    shown = [config for config in sheet.configs if config.group.n][:MAX_CONFIGS]
    names = sheet.metric_names()
    runs = _read(shown, names, paths)
    panels: list[Panel] = []
    drawn: dict[int, str] = {}
    for name in names:
        curves = _curves(shown, runs, name)
        if curves and len(panels) < MAX_PANELS:
            panels.append(Panel(name, markup(_picture(name, curves))))
            drawn |= {curve.series: curve.name for curve in curves}
    if not panels:
        return None
    return CurveChart(tuple(panels), tuple(sorted(drawn.items())), len(sheet.configs) - len(drawn))


def _curves(
    shown: Sequence[Config], runs: Sequence[Mapping[str, list[Run]]], metric: str
) -> list[Curve]:
    found = (
        _curve(series, config.name, runs[series].get(metric, []))
        for series, config in enumerate(shown)
    )
    return [curve for curve in found if curve is not None]


def _read(
    configs: Sequence[Config], names: Sequence[str], paths: SweepPaths
) -> list[dict[str, list[Run]]]:
    """Per config and metric the histories of its jobs; a bounded number of bytes in all."""
    wanted, left = frozenset(names), _MAX_BYTES
    found: list[dict[str, list[Run]]] = []
    for config in configs:
        runs: dict[str, list[Run]] = {}
        for job in config.succeeded[:MAX_SEEDS]:
            files = (paths.metrics(job.id), paths.history(job.id))
            left -= sum(file.lstat().st_size for file in files if file.exists())
            for name, run in (history(files, wanted) if left > 0 else {}).items():
                runs.setdefault(name, []).append(run)
        found.append(runs)
    return found


def _curve(series: int, name: str, runs: Sequence[Run]) -> Curve | None:
    """The mean at each step that all runs reported."""
    by_step = [dict(run) for run in runs]
    if not by_step:
        return None
    steps = _thinned(sorted(set.intersection(*(set(run) for run in by_step))))
    points = []
    for step in steps:
        values = [run[step] for run in by_step]
        if max(map(abs, values)) <= stats.MAX_MAGNITUDE:
            points.append(Point(step, stats.mean(values), stats.std(values)))
    return Curve(series, name, tuple(points)) if len(points) > 1 else None


def _thinned(steps: Sequence[float]) -> Sequence[float]:
    if len(steps) <= MAX_POINTS:
        return steps
    last = len(steps) - 1
    return [steps[round(place * last / (MAX_POINTS - 1))] for place in range(MAX_POINTS)]


def _picture(metric: str, curves: Sequence[Curve]) -> Element:
    x = scale([point.step for curve in curves for point in curve.points], room=0.0)
    y = scale([end for curve in curves for point in curve.points for end in _ends(point)])
    lines = field()
    lines.extend(_line(curve, x, y) for curve in reversed(curves))  # the best on top
    label = f"{metric} by step; at the end: {'; '.join(map(_end, curves))}"
    return drawing(*_frame(x, y), lines, label=label, class_="plot")


def _end(curve: Curve) -> str:
    last = curve.points[-1]
    return f"{curve.name} {number(last.mean)} at step {last.step:g}"


def _ends(point: Point) -> tuple[float, float]:
    half = point.std or 0.0
    return point.mean - half, point.mean + half


def _line(curve: Curve, x: Scale, y: Scale) -> Element:
    group = element(
        "g",
        element("title", curve.name),
        class_=f"series s{curve.series}",
        data_series=curve.series,
    )
    if all(point.std is not None for point in curve.points):
        lower = [(x.at(point.step), y.at(_ends(point)[0])) for point in curve.points]
        upper = [(x.at(point.step), y.at(_ends(point)[1])) for point in reversed(curve.points)]
        group.append(element("polygon", class_="band", points=path([*lower, *upper])))
    middle = [(x.at(point.step), y.at(point.mean)) for point in curve.points]
    group.append(element("polyline", class_="curve", points=path(middle)))
    return group


def _frame(x: Scale, y: Scale) -> list[Element]:
    parts = []
    for value, text in y.ticks(4):
        at = percent(1 - y.at(value))
        parts.append(element("line", class_="grid", x1=0, x2="100%", y1=at, y2=at))
        parts.append(element("text", text, x=-8, y=at, dy="0.32em", text_anchor="end"))
    for value, text in x.ticks(5):
        parts.append(
            element("text", text, x=percent(x.at(value)), y="100%", dy=18, text_anchor="middle")
        )
    return parts
