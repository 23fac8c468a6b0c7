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
    panels: list[Panel] = []
    drawn: dict[int, str] = {}
    for name, curves in drawn_curves(sheet, paths).items():
        panels.append(Panel(name, markup(_picture(name, curves))))
        drawn |= {curve.series: curve.name for curve in curves}
    if not panels:
        return None
    return CurveChart(tuple(panels), tuple(sorted(drawn.items())), len(sheet.configs) - len(drawn))


def drawn_curves(sheet: Sheet, paths: SweepPaths) -> dict[str, list[Curve]]:
    """The curves of the best configs by metric, of the first three metrics that have any."""
    shown = [config for config in sheet.configs if config.group.n][:MAX_CONFIGS]
    names = sheet.metric_names()
    runs = _read(shown, names, paths)
    found: dict[str, list[Curve]] = {}
    for name in names:
        curves = _curves(shown, runs, name)
        if curves and len(found) < MAX_PANELS:
            found[name] = curves
    return found


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
    points = [point for curve in curves for point in curve.points]
    limits = stats.bounds(metric, [point.mean for point in points])
    x = scale([point.step for point in points], room=0.0)
    y = scale([end for point in points for end in band_ends(point, limits)])
    lines = field()
    lines.extend(_line(curve, x, y, limits) for curve in reversed(curves))  # the best on top
    label = f"{metric} by step; at the end: {'; '.join(map(_end, curves))}"
    ends = {"data_x": f"{x.low:.10g} {x.high:.10g}", "data_y": f"{y.low:.10g} {y.high:.10g}"}
    return drawing(*_frame(x, y), lines, label=label, class_="plot", **ends)


def _end(curve: Curve) -> str:
    last = curve.points[-1]
    return f"{curve.name} {number(last.mean)} at step {last.step:g}"


def band_ends(point: Point, limits: tuple[float, float]) -> tuple[float, float]:
    """One standard deviation around the mean, within what the metric can be."""
    half = point.std or 0.0
    return max(limits[0], point.mean - half), min(limits[1], point.mean + half)


def _line(curve: Curve, x: Scale, y: Scale, limits: tuple[float, float]) -> Element:
    group = element(
        "g", class_=f"series s{curve.series}", data_series=curve.series, data_name=curve.name
    )
    if all(point.std is not None for point in curve.points):
        group.append(element("polygon", class_="band", points=_band(curve, x, y, limits)))
    middle = [(x.at(point.step), y.at(point.mean)) for point in curve.points]
    values = " ".join(f"{point.mean:.5g}" for point in curve.points)
    line = element("polyline", class_="curve", points=path(middle), data_values=values)
    group.append(line)
    return group


def _band(curve: Curve, x: Scale, y: Scale, limits: tuple[float, float]) -> str:
    """Along the lower ends, and back along the upper ones."""
    ends = [(point.step, *band_ends(point, limits)) for point in curve.points]
    lower = [(x.at(step), y.at(low)) for step, low, _ in ends]
    upper = [(x.at(step), y.at(high)) for step, _, high in reversed(ends)]
    return path([*lower, *upper])


def _frame(x: Scale, y: Scale) -> list[Element]:
    """The grid with the values at its left, then the steps below."""
    grid = element("g", class_="ticks")
    for value, text in y.ticks(4):
        at = percent(1 - y.at(value))
        grid.append(element("line", class_="grid", x1=0, x2="100%", y1=at, y2=at))
        grid.append(element("text", text, x=-8, y=at, dy="0.32em", text_anchor="end"))
    steps = [
        element("text", text, x=percent(x.at(value)), y="100%", dy=18, text_anchor="middle")
        for value, text in x.ticks(5)
    ]
    return [grid, *steps]
