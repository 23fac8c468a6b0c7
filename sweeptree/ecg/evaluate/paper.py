"""The figures of signals: errors per lead, and true and predicted ECG on the clinical grid.

The grid is the one on paper: 25 mm per second, 10 mm per millivolt, thin lines each millimetre and
thick ones each five, drawn at true size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from sweeptree.ecg import ptbxl
from sweeptree.ecg.evaluate import waves
from sweeptree.ecg.evaluate.figures import COLOURS, GREY, STYLE, files_of
from sweeptree.ecg.evaluate.scores import Floats, mean_of
from sweeptree.ecg.evaluate.units import MICROVOLTS

MM_PER_SECOND, MM_PER_MILLIVOLT = 25.0, 10.0
_INCH = 25.4
_ROW_MM = 30.0
_HEADROOM_MM = 10.0
_THIN, _THICK = "#F6D9D5", "#E9A79E"
_TITLES = {"mae": "MAE", "rmse": "RMSE", "r": "Pearson r", "snr_db": "SNR (dB)"}
_PRINT_ORDER = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))


def all_figures(v: waves.WaveVerdict) -> dict[str, bytes]:
    """lead_errors and overlay as SVG and PNG."""
    with mpl.rc_context(STYLE):
        return files_of({"lead_errors": lead_errors(v), "overlay": overlay(v)})


def lead_errors(v: waves.WaveVerdict) -> Figure:
    """Each score per lead with its interval; the dotted line is the mean over leads."""
    count = len(v.leads)
    figure = Figure(figsize=(7.2, 1.2 + 0.22 * count), layout="constrained")
    panels = figure.subplots(1, len(waves.SCORES), sharey=True)
    places = np.arange(count)[::-1]
    for axes, name, colour in zip(panels, waves.SCORES, COLOURS, strict=False):
        axes.axvline(v.overall[name], color=GREY, linestyle=":", linewidth=1)
        if name in v.lead_intervals:
            low, high = v.lead_intervals[name].T
            axes.hlines(places, low, high, color=colour, linewidth=1.6)
        axes.plot(v.per_lead[name], places, "o", color=colour, markersize=4.5)
        axes.set_title(_title(name, v.unit))
        axes.grid(axis="x", color="#E4E4E4", linewidth=0.6)
        axes.margins(x=0.12)
    panels[0].set_yticks(places, v.leads)
    panels[0].set_ylim(-0.6, count - 0.4)
    return figure


def _title(score: str, unit: str) -> str:
    if score not in ("mae", "rmse"):
        return _TITLES[score]
    return f"{_TITLES[score]} ({unit.replace('uV', 'µV')})"


def overlay(v: waves.WaveVerdict) -> Figure:
    """Truth and prediction of the record with the median correlation."""
    record = waves.typical_record(v)
    true, pred = waves.one_record(v, record)
    title = _record_title(v, record)
    if v.unit != MICROVOLTS:
        return _stacked(v, true, pred, title)
    return _paper(v, true / 1000, pred / 1000, title)


def _record_title(v: waves.WaveVerdict, record: int) -> str:
    ids = v.run.ids
    name = f"record number {record}" if ids is None else f"record {int(ids[record])}"
    r = mean_of(v.table[record, :, waves.SCORES.index("r")])
    return f"{name}, the median case: r = " + ("n/a" if math.isnan(r) else f"{r:.3f}")


@dataclass(frozen=True, slots=True)
class _Strip:
    """A piece of a lead on paper: from `start` to `end`, in seconds, in a row from the top."""

    lead: int
    row: float
    start: float
    end: float


def _strips(v: waves.WaveVerdict) -> list[_Strip]:
    """The usual 3 x 4 print of 2.5 s each and a rhythm strip, or 10 s per lead."""
    seconds = float(ptbxl.SECONDS)
    if v.leads != ptbxl.LEADS:
        return [_Strip(lead, float(lead), 0.0, seconds) for lead in range(len(v.leads))]
    quarter = seconds / 4
    strips = []
    for row, names in enumerate(_PRINT_ORDER):
        for column, name in enumerate(names):
            start = column * quarter
            strips.append(_Strip(v.leads.index(name), float(row), start, start + quarter))
    return [*strips, _Strip(v.leads.index("II"), 3.0, 0.0, seconds)]


def _paper(v: waves.WaveVerdict, true: Floats, pred: Floats, title: str) -> Figure:
    """On the grid, in millimetres; each lead is shifted by the median of its truth."""
    strips = _strips(v)
    rows = 1 + int(max(strip.row for strip in strips))
    width, height = ptbxl.SECONDS * MM_PER_SECOND + 10, rows * _ROW_MM + _HEADROOM_MM
    figure = Figure(figsize=(width / _INCH, (height + 14) / _INCH))
    axes = figure.add_axes((0, 8 / (height + 14), 1, height / (height + 14)))
    axes.set(xlim=(0, width), ylim=(-height, 0))
    axes.axis("off")
    _grid(axes, width, height)
    for strip in strips:
        _draw(axes, v.leads[strip.lead], strip, (true[strip.lead], pred[strip.lead]))
    figure.text(0.01, 1 - 4.2 / (height + 14), title, fontsize=9)
    text = "true black, predicted blue; 25 mm/s, 10 mm/mV; shifted to the baseline"
    figure.text(0.01, 2.4 / (height + 14), text, fontsize=8)
    return figure


def _grid(axes: Axes, width: float, height: float) -> None:
    for step, colour, thickness in ((1, _THIN, 0.35), (5, _THICK, 0.6)):
        look: dict[str, Any] = {"color": colour, "linewidth": thickness, "zorder": 0}
        axes.vlines(np.arange(0, width + 0.1, step), -height, 0, **look)
        axes.hlines(-np.arange(0, height + 0.1, step), 0, width, **look)


def _draw(axes: Axes, name: str, strip: _Strip, both: tuple[Floats, Floats]) -> None:
    """One strip: the truth in black, the prediction thinner over it, the lead's name."""
    true, pred = both
    rate = len(true) / ptbxl.SECONDS
    cut = slice(round(strip.start * rate), round(strip.end * rate))
    t = np.arange(len(true))[cut] / rate * MM_PER_SECOND + 5
    zero = -(strip.row + 0.5) * _ROW_MM - _HEADROOM_MM
    baseline = float(np.median(true))
    for values, colour, thickness, order in ((true, "black", 1.5, 2), (pred, "#2E9BE6", 0.7, 3)):
        y = zero + (values[cut] - baseline) * MM_PER_MILLIVOLT
        axes.plot(t, y, color=colour, linewidth=thickness, zorder=order)
    _name(axes, name, float(t[0]), zero)


def _name(axes: Axes, name: str, left: float, zero: float) -> None:
    # a high beat may stand where the name is
    halo = [withStroke(linewidth=2.5, foreground="white")]
    look: dict[str, Any] = {"fontsize": 8, "fontweight": "bold", "zorder": 4}
    axes.text(left + 1, zero + 10.5, name, path_effects=halo, **look)
    axes.vlines(left, zero - 4, zero + 4, color="black", linewidth=0.6)


def _stacked(v: waves.WaveVerdict, true: Floats, pred: Floats, title: str) -> Figure:
    """Without a known unit there is no clinical grid: one strip per lead, in the unit as saved."""
    count = len(v.leads)
    figure = Figure(figsize=(8.5, 0.8 + 0.75 * count), layout="constrained")
    panels = np.atleast_1d(figure.subplots(count, 1, sharex=True))
    t = np.arange(true.shape[1]) / true.shape[1] * ptbxl.SECONDS
    for axes, name, y, q in zip(panels, v.leads, true, pred, strict=True):
        axes.plot(t, y, color="black", linewidth=0.8)
        axes.plot(t, q, color=COLOURS[1], linewidth=0.7)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.grid(color="#E4E4E4", linewidth=0.5)
    panels[-1].set_xlabel(
        f"seconds, if a record lasts {ptbxl.SECONDS} s; true black, predicted orange; unit as saved"
    )
    figure.suptitle(title, fontsize=9)
    return figure
