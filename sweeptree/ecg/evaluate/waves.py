"""Judging predicted signals: error, correlation and signal-to-noise ratio per lead and overall.

Formulas, per record and lead, over the samples t of truth y and prediction q: MAE = mean |q - y|;
RMSE = sqrt(mean (q - y)^2); r = Pearson's correlation of q and y; SNR = 10 log10(sum (y - mean y)^2
/ sum (q - y)^2) dB, at most 120. Every figure is the mean over records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl
from sweeptree.ecg.evaluate import bootstrap
from sweeptree.ecg.evaluate.predictions import Waves
from sweeptree.ecg.evaluate.scores import Floats, mean_of
from sweeptree.errors import UsageError

SCORES = ("mae", "rmse", "r", "snr_db")
HIGHEST_SNR = 120.0
ONLY_PREDICTED = "_9"
"""Suffix of the overall scores over the nine leads that are not the inputs I, II and V4."""
_BLOCK = 64
_LARGEST = 1e15  # far beyond any unit; squares of it are still exact enough
_TINY = 1e-30
_INPUTS = ("I", "II", "V4")


@dataclass(frozen=True, slots=True)
class Scale:
    """How the arrays become microvolts: value * span + low, per lead."""

    low: Floats
    span: Floats


@dataclass(slots=True)
class WaveVerdict:
    """What one run came to.

    `table` is (records, leads, 4) in the order of SCORES; `unit` is uV or "as saved".
    """

    run: Waves
    leads: tuple[str, ...]
    unit: str
    table: Floats
    per_lead: dict[str, Floats] = field(default_factory=dict)
    lead_intervals: dict[str, Floats] = field(default_factory=dict)
    overall: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)
    scale: Scale | None = None


def lead_names(count: int) -> tuple[str, ...]:
    """The standard names for 12 leads, the nine that I, II, V4 leave for 9 or 10, else numbers."""
    if count == 12:
        return ptbxl.LEADS
    if count == 9:
        return tuple(lead for lead in ptbxl.LEADS if lead not in _INPUTS)
    return tuple(f"lead {n + 1}" for n in range(count))


def judge_waves(
    run: Waves, scale: Scale | None, draw: bootstrap.Draw | None, level: float
) -> WaveVerdict:
    """Score one run; with a scale for its leads, in microvolts. Raises UsageError on NaN."""
    leads = lead_names(run.true.shape[1])
    if scale is not None and len(scale.low) != len(leads):
        scale = None
    v = WaveVerdict(run, leads, "uV" if scale else "as saved", _table(run, scale), scale=scale)
    for number, name in enumerate(SCORES):
        values = v.table[:, :, number]
        v.per_lead[name] = _known_mean(values)
        v.overall[name] = float(np.nanmean(values)) if (~np.isnan(values)).any() else float("nan")
        inner = _inner(v)
        if inner:
            v.overall[f"{name}{ONLY_PREDICTED}"] = mean_of(v.per_lead[name][inner])
        if draw is not None:
            _intervals(v, name, values, draw, level)
    return v


def _inner(v: WaveVerdict) -> list[int]:
    """The leads that had to be predicted, where all twelve are there."""
    return (
        [n for n, lead in enumerate(v.leads) if lead not in _INPUTS]
        if v.leads == ptbxl.LEADS
        else []
    )


def _intervals(
    v: WaveVerdict, name: str, values: Floats, draw: bootstrap.Draw, level: float
) -> None:
    per_lead = bootstrap.means(values, draw.weights)
    rows = [bootstrap.interval(per_lead[:, lead], level) for lead in range(per_lead.shape[1])]
    v.lead_intervals[name] = np.array(rows)
    for suffix, leads in (("", list(range(len(v.leads)))), (ONLY_PREDICTED, _inner(v))):
        if leads:
            v.draws[f"{name}{suffix}"] = bootstrap.row_means(per_lead[:, leads])
            v.intervals[f"{name}{suffix}"] = bootstrap.interval(v.draws[f"{name}{suffix}"], level)


def _known_mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
    return result


def _table(run: Waves, scale: Scale | None) -> Floats:
    parts = [_block(run, scale, first) for first in range(0, len(run.true), _BLOCK)]
    return np.concatenate(parts)


def _block(run: Waves, scale: Scale | None, first: int) -> Floats:
    y = _values(run.true[first : first + _BLOCK], scale)
    q = _values(run.pred[first : first + _BLOCK], scale)
    if not (np.isfinite(y).all() and np.isfinite(q).all()):
        raise UsageError(
            f"{run.name}: y_true or y_pred holds NaN or infinite values",
            hint="did the training diverge?",
        )
    largest = max(np.abs(y).max(), np.abs(q).max())
    if largest > _LARGEST:
        raise UsageError(
            f"{run.name}: values up to {largest:.2g}: no signal has them",
            hint="did the training diverge?",
        )
    error = q - y
    dy, dq = y - y.mean(axis=2, keepdims=True), q - q.mean(axis=2, keepdims=True)
    power, noise = (dy**2).sum(axis=2), (error**2).sum(axis=2)
    spread = np.sqrt(power * (dq**2).sum(axis=2))
    r = np.divide(
        (dy * dq).sum(axis=2), spread, out=np.full(spread.shape, np.nan), where=spread > 0
    )
    snr = np.minimum(
        10 * np.log10(np.maximum(power, _TINY) / np.maximum(noise, _TINY)), HIGHEST_SNR
    )
    snr = np.where(power > 0, snr, np.nan)
    return np.stack([np.abs(error).mean(axis=2), np.sqrt((error**2).mean(axis=2)), r, snr], axis=2)


def _values(x: NDArray[Any], scale: Scale | None) -> Floats:
    wide = np.asarray(x, np.float64)
    return wide if scale is None else wide * scale.span[:, None] + scale.low[:, None]


def microvolts(v: WaveVerdict, record: int) -> tuple[Floats, Floats]:
    """Truth and prediction of one record, (leads, samples) each, in the verdict's unit."""
    return _values(v.run.true[record], v.scale), _values(v.run.pred[record], v.scale)


def typical_record(v: WaveVerdict) -> int:
    """The record whose mean correlation is the median: neither the best nor the worst case."""
    per_record = np.nan_to_num(v.table[:, :, SCORES.index("r")], nan=-1.0).mean(axis=1)
    return int(np.argsort(per_record, kind="stable")[len(per_record) // 2])


def _same_truth(a: Waves, b: Waves) -> bool:
    """True when both were judged on the same signals, compared in blocks."""
    starts = range(0, len(a.true), _BLOCK)
    return a.true.shape == b.true.shape and all(
        np.array_equal(a.true[first : first + _BLOCK], b.true[first : first + _BLOCK])
        for first in starts
    )


def compare_waves(verdicts: Sequence[WaveVerdict], level: float) -> list[dict[str, Any]]:
    """Each run against the first, score by score: paired over the same resamples."""
    rows = []
    first = verdicts[0]
    for other in verdicts[1:]:
        if not _same_truth(first.run, other.run):
            raise UsageError(
                f"{other.run.name} and {first.run.name} were tested on different records",
                hint="compare runs of one dataset",
            )
        for name in first.draws:
            low, high = bootstrap.interval(first.draws[name] - other.draws[name], level)
            rows.append({
                "a": first.run.name, "b": other.run.name, "score": name, "a_value": first.overall[name],
                "b_value": other.overall[name], "difference": first.overall[name] - other.overall[name],
                "low": low, "high": high,
            })  # fmt: skip
    return rows
