"""Judging predicted signals: error, correlation and signal-to-noise ratio per lead and overall.

Formulas, per record and lead, over the samples t of truth y and prediction q: MAE = mean |q - y|;
RMSE = sqrt(mean (q - y)^2); r = Pearson's correlation of q and y; SNR = 10 log10(sum (y - mean y)^2
/ sum (q - y)^2) dB, at most 120. Every figure is the mean over records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sweeptree.ecg import ptbxl
from sweeptree.ecg.evaluate import bootstrap
from sweeptree.ecg.evaluate.predictions import Waves
from sweeptree.ecg.evaluate.scores import Floats, mean_of, mean_over_records
from sweeptree.ecg.evaluate.units import BLOCK, Scale
from sweeptree.errors import UsageError

SCORES = ("mae", "rmse", "r", "snr_db")
HIGHEST_SNR = 120.0
ONLY_PREDICTED = "_9"
"""Suffix of the overall scores over the nine leads that are not the inputs I, II and V4."""
_LARGEST = 1e15  # far beyond any unit; squares of it are still exact enough
_TINY = 1e-30


@dataclass(slots=True)
class WaveVerdict:
    """What one run came to.

    `table` is (records, leads, 4) in the order of SCORES, in the unit of the scale.
    """

    run: Waves
    scale: Scale
    table: Floats
    per_lead: dict[str, Floats] = field(default_factory=dict)
    lead_intervals: dict[str, Floats] = field(default_factory=dict)
    overall: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)

    @property
    def leads(self) -> tuple[str, ...]:
        """The names of the leads."""
        return self.scale.leads

    @property
    def unit(self) -> str:
        """uV or "as saved"."""
        return self.scale.unit


@dataclass(frozen=True, slots=True)
class WaveDifference:
    """Two runs in one score, paired: a minus b with its interval."""

    a: str
    b: str
    score: str
    a_value: float
    b_value: float
    difference: float
    low: float
    high: float


def judge_waves(run: Waves, scale: Scale, draw: bootstrap.Draw | None, level: float) -> WaveVerdict:
    """Score one run in the unit of the scale. Raises UsageError on NaN."""
    v = WaveVerdict(run, scale, _table(run, scale))
    for number, name in enumerate(SCORES):
        _score(v, name, v.table[:, :, number])
        if draw is not None:
            _resample(v, name, v.table[:, :, number], (draw, level))
    return v


def _score(v: WaveVerdict, name: str, values: Floats) -> None:
    v.per_lead[name] = mean_over_records(values)
    v.overall[name] = _mean(values)
    inner = _predicted_leads(v)
    if inner:
        v.overall[f"{name}{ONLY_PREDICTED}"] = mean_of(v.per_lead[name][inner])


def _mean(values: Floats) -> float:
    known = ~np.isnan(values)
    return float(np.nanmean(values)) if known.any() else float("nan")


def _predicted_leads(v: WaveVerdict) -> list[int]:
    """The leads that had to be predicted, where all twelve are there."""
    if v.leads != ptbxl.LEADS:
        return []
    return [number for number, lead in enumerate(v.leads) if lead not in ptbxl.INPUT_LEADS]


def _resample(v: WaveVerdict, name: str, values: Floats, how: tuple[bootstrap.Draw, float]) -> None:
    draw, level = how
    per_lead = bootstrap.means(values, draw.weights)
    v.lead_intervals[name] = bootstrap.intervals(per_lead, v.per_lead[name], level)
    groups = {name: list(range(len(v.leads))), f"{name}{ONLY_PREDICTED}": _predicted_leads(v)}
    for score, leads in groups.items():
        if leads:
            v.draws[score] = bootstrap.row_means(per_lead[:, leads])
            v.intervals[score] = bootstrap.interval(v.draws[score], v.overall[score], level)


def _table(run: Waves, scale: Scale) -> Floats:
    blocks = [_block(run, scale, rows) for rows in _blocks(len(run.true))]
    return np.concatenate(blocks)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(first, first + BLOCK) for first in range(0, count, BLOCK))


def _block(run: Waves, scale: Scale, rows: slice) -> Floats:
    """(records, leads, 4): the scores of some records."""
    y, q = scale.apply(run.true, rows), scale.apply(run.pred, rows)
    _check_values(run.name, y, q)
    squares = (q - y) ** 2
    dy = y - y.mean(axis=2, keepdims=True)
    dq = q - q.mean(axis=2, keepdims=True)
    power = (dy**2).sum(axis=2)
    mae = np.abs(q - y).mean(axis=2)
    rmse = np.sqrt(squares.mean(axis=2))
    r = _ratio((dy * dq).sum(axis=2), np.sqrt(power * (dq**2).sum(axis=2)))
    return np.stack([mae, rmse, r, _snr(power, squares.sum(axis=2))], axis=2)


def _ratio(above: Floats, below: Floats) -> Floats:
    unknown = np.full(below.shape, np.nan)
    result: Floats = np.divide(above, below, out=unknown, where=below > 0)
    return result


def _snr(power: Floats, noise: Floats) -> Floats:
    """In dB; NaN where the truth is flat."""
    decibels = 10 * np.log10(np.maximum(power, _TINY) / np.maximum(noise, _TINY))
    return np.where(power > 0, np.minimum(decibels, HIGHEST_SNR), np.nan)


def _check_values(name: str, y: Floats, q: Floats) -> None:
    if not (np.isfinite(y).all() and np.isfinite(q).all()):
        raise UsageError(
            f"{name}: y_true or y_pred holds NaN or infinite values",
            hint="did the training diverge?",
        )
    largest = max(np.abs(y).max(), np.abs(q).max())
    if largest > _LARGEST:
        raise UsageError(
            f"{name}: values up to {largest:.2g}: no signal has them",
            hint="did the training diverge?",
        )


def one_record(v: WaveVerdict, record: int) -> tuple[Floats, Floats]:
    """Truth and prediction of one record, (leads, samples) each, in the verdict's unit."""
    rows = slice(record, record + 1)
    return v.scale.apply(v.run.true, rows)[0], v.scale.apply(v.run.pred, rows)[0]


def typical_record(v: WaveVerdict) -> int:
    """The record whose mean correlation is the median: neither the best nor the worst case."""
    correlations = np.nan_to_num(v.table[:, :, SCORES.index("r")], nan=-1.0)
    per_record = correlations.mean(axis=1)
    return int(np.argsort(per_record, kind="stable")[len(per_record) // 2])


def _same_truth(a: Waves, b: Waves) -> bool:
    """True when both were judged on the same signals, compared in blocks."""
    if a.true.shape != b.true.shape:
        return False
    return all(np.array_equal(a.true[rows], b.true[rows]) for rows in _blocks(len(a.true)))


def compare_waves(verdicts: Sequence[WaveVerdict], level: float) -> list[WaveDifference]:
    """Each run against the first, score by score: paired over the same resamples."""
    first, *others = verdicts
    rows: list[WaveDifference] = []
    for other in others:
        if not _same_truth(first.run, other.run):
            raise UsageError(
                f"{other.run.name} and {first.run.name} were tested on different records",
                hint="compare runs of one dataset",
            )
        rows += [_difference(first, other, name, level) for name in first.draws]
    return rows


def _difference(a: WaveVerdict, b: WaveVerdict, score: str, level: float) -> WaveDifference:
    value_a, value_b = a.overall[score], b.overall[score]
    draws = a.draws[score] - b.draws[score]
    low, high = bootstrap.interval(draws, value_a - value_b, level)
    return WaveDifference(
        a.run.name, b.run.name, score, value_a, value_b, value_a - value_b, low, high
    )
