"""Charts of the page as PNG, SVG or PDF for papers, with matplotlib (the extra `plots`).

Hides: matplotlib, and how its files become the same bytes each time. Colours are Okabe and Ito's;
lines differ in dash too, so that they can be told apart in print without colour.
"""

from __future__ import annotations

import importlib.util
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeptree.analysis import stats
from sweeptree.analysis.document import Document
from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.records import SweepPaths
from sweeptree.report.curves import Curve, band_ends, drawn_curves
from sweeptree.report.importance import LEAST_JOBS, importance
from sweeptree.report.page import read_page_sheet
from sweeptree.report.sheet import Config, Sheet
from sweeptree.report.svg import scale
from sweeptree.system.extras import install_command
from sweeptree.system.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A4C9C", "#555F6B")
_DASHES = ("-", "--", ":", "-.", (0, (5, 2)), (0, (14, 4)), (0, (2, 2, 6, 2)), (0, (1, 4)))
_MOST_ROWS = 20
_LEGEND, _LABEL = 96, 40  # letters of a name on one line
_LINE = 0.13  # inches of a line of names
_WIDTH = 5.5  # inches: the text width of a page with two margins
_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "pdf.fonttype": 42,  # letters stay letters: journals ask for it
    "svg.hashsalt": "sweeptree",
    "text.parse_math": False,  # names are text, also with $ in them
}
_METADATA: Mapping[str, Mapping[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


def write_figure(paths: SweepPaths, document: Document, out: Path) -> Path:
    """Draw the chart that the file's name asks for, in the format of its ending.

    Raises UsageError for another name, Refused where matplotlib or what is to be drawn is missing,
    SweeptreeError when the file cannot be written.
    """
    draw, ending = _chart_of(out), _format_of(out)
    _need_matplotlib()
    data = _drawn(draw, read_page_sheet(paths, document), paths, ending)
    if data is None:
        raise Refused(
            f"{paths.root.name} has nothing to draw for {out.name}",
            hint=f"curves: metrics step by step; importance: {LEAST_JOBS} jobs or more; all: a "
            "metric to rank by",
        )
    try:
        write_bytes(out, data, durable=False)
    except OSError as error:
        raise SweeptreeError(f"{out} cannot be written: {error.strerror}") from error
    return out


Draw = Callable[[Sheet, SweepPaths], "Figure | None"]


def _chart_of(out: Path) -> Draw:
    found = [draw for name, draw in CHARTS.items() if name in out.stem.lower()]
    if len(found) != 1:
        names = ", ".join(f"{name}.pdf" for name in CHARTS)
        raise UsageError(
            f"{out.name} does not say which chart: its name holds one of {', '.join(CHARTS)}",
            hint=f"--figure takes for example {names}, or fig2-curves.svg",
        )
    return found[0]


def _format_of(out: Path) -> str:
    ending = out.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise UsageError(
            f"{out.name}: no figure format", hint=f"its name ends with one of {', '.join(FORMATS)}"
        )
    return ending


def _need_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise Refused(
            "figures are drawn with matplotlib, which is not installed",
            hint=install_command("plots"),
        )


def _drawn(draw: Draw, sheet: Sheet, paths: SweepPaths, ending: str) -> bytes | None:
    import matplotlib as mpl

    data = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure = draw(sheet, paths)
        if figure is None:
            return None
        figure.savefig(data, format=ending, dpi=300, metadata=dict(_METADATA[ending]))
    return data.getvalue()


def _figure(count: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure with `count` charts side by side, `height` in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _wrapped(name: str, room: int) -> str:
    """A name on as many lines as it takes: none is cut."""
    return "\n".join(textwrap.wrap(name, room, break_on_hyphens=False))


def _draw_curves(sheet: Sheet, paths: SweepPaths) -> Figure | None:
    found = drawn_curves(sheet, paths)
    if not found:
        return None
    names = {curve.series: _wrapped(curve.name, _LEGEND) for own in found.values() for curve in own}
    columns = 2 if max(map(len, names.values())) <= _LEGEND // 2 else 1
    rows = sum(name.count("\n") + 1 for name in names.values()) / columns
    figure, axes = _figure(len(found), 2.3 + _LINE * rows)
    for place, (metric, curves) in zip(axes, found.items(), strict=True):
        _draw_panel(place, metric, curves)
    lines = {line.get_label(): line for place in axes for line in place.get_lines()}
    figure.legend(
        list(lines.values()),
        list(names.values()),
        loc="outside lower center",
        ncols=columns,
        fontsize=7,
    )
    return figure


def _draw_panel(axes: Axes, metric: str, curves: Sequence[Curve]) -> None:
    limits = stats.bounds(metric, [point.mean for curve in curves for point in curve.points])
    for curve in curves:
        steps = [point.step for point in curve.points]
        means = [point.mean for point in curve.points]
        colour, dash = _COLOURS[curve.series], _DASHES[curve.series]
        axes.plot(steps, means, label=curve.name, color=colour, linestyle=dash)
        if all(point.std is not None for point in curve.points):
            low, high = zip(*(band_ends(point, limits) for point in curve.points), strict=True)
            axes.fill_between(steps, low, high, color=colour, alpha=0.15, lw=0)
    axes.set_xlabel("step")
    axes.set_ylabel(metric)


def _draw_intervals(sheet: Sheet, paths: SweepPaths) -> Figure | None:  # noqa: ARG001 - see Draw
    if sheet.objective is None or not sheet.ranked:
        return None
    metric, shown = sheet.objective.name, sheet.ranked[:_MOST_ROWS]
    names = [_wrapped(config.name, _LABEL) for config in shown]
    most = max(name.count("\n") + 1 for name in names)
    figure, (axes,) = _figure(1, 0.6 + (0.1 + _LINE * most) * len(shown))
    for row, config in enumerate(shown):
        _draw_row(axes, row, config, metric)
    values = [value for config in shown for _, value in config.values(metric)]
    if scale(values, may_be_log=True).is_log:
        axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(len(shown) - 0.5, -0.5)  # the best on top
    axes.set_xlabel(f"{metric}: runs, mean and 95 % interval")
    return figure


def _draw_row(axes: Axes, row: int, config: Config, metric: str) -> None:
    values = [value for _, value in config.values(metric)]
    interval, mean = config.interval(metric), config.mean(metric)
    if interval is not None:
        axes.plot(interval, (row, row), color=_COLOURS[0], lw=1, solid_capstyle="butt")
    axes.plot(values, [row] * len(values), "o", ms=4, color=_COLOURS[0], alpha=0.45, mew=0)
    if mean is not None:
        axes.plot([mean], [row], "|", ms=9, mew=1.6, color="black")


def _draw_importance(sheet: Sheet, paths: SweepPaths) -> Figure | None:  # noqa: ARG001 - see Draw
    found = importance(sheet)
    if not found or sheet.objective is None:
        return None
    figure, (axes,) = _figure(1, 0.6 + 0.25 * len(found))
    axes.barh([one.name for one in found], [100 * one.share for one in found], color=_COLOURS[0])
    axes.invert_yaxis()
    axes.set_xlabel(f"share of the spread of {sheet.objective.name} explained, in %")
    return figure


CHARTS: Mapping[str, Draw] = {
    "curves": _draw_curves,
    "intervals": _draw_intervals,
    "importance": _draw_importance,
}
