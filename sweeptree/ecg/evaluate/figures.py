"""The figures of classification: ROC, precision-recall, reliability, confusion, runs side by side.

Hides: matplotlib, and how its files become the same bytes each time. Colours are Okabe and Ito's,
which colour-blind readers can tell apart; lines differ in dash too, so that they can be told apart
in print without colour.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sweeptree.ecg.evaluate import scores
from sweeptree.ecg.evaluate.judge import Verdict

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D00")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (1, 1)), (0, (7, 2)))
GREY = "#8A8A8A"
MOST_LINES = len(COLOURS)
_IN_FRONT = 3
"""The zorder of lines that have a name in the legend."""
MOST_TABLES = 12
LONGEST_NAME = 45
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "figure.dpi": 100,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "svg.hashsalt": "sweeptree",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "axes.axisbelow": True,
    "text.parse_math": False,  # class names are text, also with $ in them
}


def files(figure: Figure, name: str) -> dict[str, bytes]:
    """The figure as <name>.svg and <name>.png; the same figure gives the same bytes."""
    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        # the layout stands; working it out again would take as long as drawing
        figure.set_layout_engine("none")
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return {f"{name}.svg": svg.getvalue(), f"{name}.png": png.getvalue()}


def all_figures(v: Verdict) -> dict[str, bytes]:
    """Every figure that this verdict allows."""
    with mpl.rc_context(STYLE):
        made = {"roc": roc(v), "pr": precision_recall(v)}
        if v.prob is not None:
            made["reliability"] = reliability(v)
        if not np.isnan(v.thresholds).all():
            made["confusion"] = confusion(v)
        return files_of(made)


def files_of(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """The files of several figures, by name."""
    made: dict[str, bytes] = {}
    for name, figure in figures.items():
        made |= files(figure, name)
    return made


def _square(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y, title=title)
    axes.set_aspect("equal")
    axes.grid(color="#E4E4E4", linewidth=0.6)
    return figure, axes


def _shown(v: Verdict, score: str) -> list[int]:
    """The classes to draw by name: all, or those with the most positives."""
    return _most_positives(v, np.isnan(v.per_class[score]), MOST_LINES)


def _most_positives(v: Verdict, unknown: NDArray[np.bool_], most: int) -> list[int]:
    """The columns of the classes with the most positives, leaving out the unknown ones."""
    known = np.flatnonzero(~unknown)
    ranked = known[np.argsort(-v.per_class["positives"][known], kind="stable")]
    return sorted(int(c) for c in ranked[:most])


def _legend(axes: Axes, v: Verdict, shown: Sequence[int], score: str) -> None:
    named = [line for line in axes.get_lines() if line.get_zorder() == _IN_FRONT]
    title = "class, area" if score == "auc" else "class, average precision"
    axes.legend(
        handles=named,
        loc="center left",
        bbox_to_anchor=(1.02, 0.5),
        handlelength=3.2,
        labelspacing=0.7,
        title=f"{title} [interval]" if v.class_intervals else title,
        title_fontsize=8,
        alignment="left",
    )
    known = int((~np.isnan(v.per_class[score])).sum())
    if known > len(shown):
        text = f"grey: the other {known - len(shown)} classes"
        axes.text(1.04, 0.0, text, transform=axes.transAxes, fontsize=8, color="#555555")


def _label(v: Verdict, score: str, c: int) -> str:
    text = f"{v.run.classes[c]}  {v.per_class[score][c]:.3f}"
    if score not in v.class_intervals:
        return text
    low, high = v.class_intervals[score][c]
    return text if math.isnan(low) else f"{text} [{low:.3f}, {high:.3f}]"


def roc(v: Verdict) -> Figure:
    """ROC curves, with the area and its interval per class."""
    figure, axes = _square("ROC", "1 - specificity", "sensitivity")
    axes.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle=":")
    shown = _shown(v, "auc")
    for c, counts in _curves(v, "auc"):
        x = np.r_[0.0, counts.fp / counts.negatives]
        y = np.r_[0.0, counts.tp / counts.positives]
        axes.plot(x, y, label=_label(v, "auc", c), **_look(shown, c))
    _legend(axes, v, shown, "auc")
    return figure


def precision_recall(v: Verdict) -> Figure:
    """Precision-recall curves, with the average precision and its interval per class."""
    figure, axes = _square("Precision and recall", "recall (sensitivity)", "precision")
    shown = _shown(v, "ap")
    for c, counts in _curves(v, "ap"):
        # where recall stands still, precision only falls
        rises = np.diff(np.r_[0.0, counts.tp]) > 0
        recall = (counts.tp / counts.positives)[rises]
        precision = (counts.tp / (counts.tp + counts.fp))[rises]
        x, y = np.r_[0.0, recall], np.r_[precision[0], precision]
        axes.plot(x, y, label=_label(v, "ap", c), drawstyle="steps-pre", **_look(shown, c))
    _legend(axes, v, shown, "ap")
    return figure


def _curves(v: Verdict, score: str) -> Iterator[tuple[int, scores.Curve]]:
    """The column and the counts of each class that has this score."""
    for c in np.flatnonzero(~np.isnan(v.per_class[score])):
        yield int(c), scores.curve(v.run.test.true[:, c], v.run.test.pred[:, c])


def _look(shown: Sequence[int], c: int) -> dict[str, Any]:
    """Colour and dash of a class that is named, thin grey for the others."""
    if c not in shown:
        return {"color": "#CFCFCF", "linewidth": 0.6, "zorder": 1}
    at = shown.index(c)
    return {"color": COLOURS[at], "linestyle": DASHES[at], "zorder": _IN_FRONT}


def reliability(v: Verdict) -> Figure:
    """Share of positives against mean probability, all classes together; the bars count how many
    fell in a bin."""
    figure = Figure(figsize=(4.6, 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    if v.prob is None:
        return figure
    r = scores.reliability(v.run.test.true, v.prob)
    full = r.count > 0
    top.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle=":")
    low, high = wilson(r.share[full], r.count[full])
    top.vlines(r.mean[full], low, high, color=COLOURS[0], linewidth=1)
    top.plot(r.mean[full], r.share[full], "o-", color=COLOURS[0], markersize=4, linewidth=0.8)
    top.set(ylim=(-0.02, 1.02), ylabel="share of positives", title=f"Reliability, ECE {r.ece:.3f}")
    top.grid(color="#E4E4E4", linewidth=0.6)
    edges = np.linspace(0, 1, len(r.count) + 1)
    bottom.bar(
        edges[:-1], r.count, width=np.diff(edges), align="edge", color="#9DC3E0", edgecolor="white"
    )
    bottom.set(xlim=(-0.02, 1.02), xlabel="predicted probability", ylabel="labels", yscale="log")
    bottom.set_ylim(bottom=0.7)
    bottom.yaxis.set_major_formatter("{x:,.0f}")
    return figure


def wilson(share: scores.Floats, count: scores.Floats) -> tuple[scores.Floats, scores.Floats]:
    """Wilson's 95 % interval of a share, which stays within 0 and 1.

    Source: Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.
    """
    z2 = 1.959964**2
    scale = 1 + z2 / count
    centre = (share + z2 / (2 * count)) / scale
    variance = share * (1 - share) / count + z2 / (4 * count**2)
    half = np.sqrt(z2 * variance) / scale
    return centre - half, centre + half


def confusion(v: Verdict) -> Figure:
    """One table of two by two per class: counts, shaded by the share of their row."""
    unknown = np.isnan(v.thresholds)
    shown = _most_positives(v, unknown, MOST_TABLES)
    columns = len(shown) if len(shown) <= 5 else 4
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(2.0 * columns + 0.4, 2.1 * rows + 0.5), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes, c in zip(grid, shown, strict=False):
        _table(axes, v, c)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    title = f"Confusion, {_THRESHOLD[v.threshold_source]}"
    known = int((~unknown).sum())
    if known > len(shown):
        title += f"; the {len(shown)} classes with the most positives of {known}"
    figure.suptitle(title, fontsize=9)
    return figure


_THRESHOLD = {
    "validation": "thresholds chosen on the validation fold",
    "0.5": "threshold 0.5",
    "none": "no thresholds",
}


def _table(axes: Axes, v: Verdict, c: int) -> None:
    k = v.confusion
    counts = np.array([[k.tp[c], k.fn[c]], [k.fp[c], k.tn[c]]])
    shares = np.nan_to_num(scores.ratio(counts, counts.sum(axis=1, keepdims=True)))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for (row, column), share in np.ndenumerate(shares):
        # contrast of at least 5 to 1 on every shade
        colour = "white" if share > 0.82 else "black"
        text = f"{counts[row, column]:,.0f}\n{share * 100:.0f} %"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.axhline(0.5, color="white", linewidth=2)
    axes.axvline(0.5, color="white", linewidth=2)
    axes.set_xticks([0, 1], ["+", "\N{MINUS SIGN}"])
    axes.set_yticks([0, 1], ["+", "\N{MINUS SIGN}"])
    axes.set_title(v.run.classes[c])
    axes.set_xlabel("predicted", fontsize=8, labelpad=1)
    axes.set_ylabel("true", fontsize=8, labelpad=1)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def forest(
    values: Sequence[tuple[str, float, tuple[float, float]]], what: str, level: float
) -> Figure:
    """Runs side by side: one score with its interval each, in the order given."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.6, 0.9 + 0.28 * len(values)), layout="constrained")
        axes = figure.add_subplot()
        places = np.arange(len(values))[::-1]
        for place, (_, value, (low, high)) in zip(places, values, strict=True):
            if not math.isnan(low):
                axes.plot((low, high), (place, place), color=COLOURS[0], linewidth=1.6, zorder=2)
            axes.plot(value, place, "o", color=COLOURS[0], markersize=5, zorder=3)
        axes.set_yticks(places, [_shortened(name) for name, _, _ in values])
        axes.set(xlabel=f"{what} (with {level * 100:g} % interval)", ylim=(-0.6, len(values) - 0.4))
        axes.grid(axis="x", color="#E4E4E4", linewidth=0.6)
        return figure


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:20]}…{name[-24:]}"
