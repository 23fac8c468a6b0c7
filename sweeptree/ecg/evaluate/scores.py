"""Scores of one set of predictions: ranking, thresholds, confusion, calibration.

Pure functions of arrays.

y is (n, k) of 0 and 1, p is (n, k) scores, higher for more likely. A class without a positive or
without a negative has no ranking score: NaN here, "n/a" in every table, and never part of a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.errors import UsageError

Floats = NDArray[np.float64]
_EXACT = 2**53  # beyond it, neighbouring whole numbers are one float
SPECIFICITIES = (0.90, 0.95)
BINS = 15


def floats(p: NDArray[Any]) -> NDArray[Any]:
    """Predictions as floats, each value kept: the one place where integers and booleans become so.

    Floats stay in the dtype in which they were saved: rounding would make ties. (Negating unsigned
    numbers wraps around, and booleans cannot be negated at all.) Raises UsageError for whole
    numbers that no float holds.
    """
    if p.dtype.kind == "f":
        return p
    wide: Floats = p.astype(np.float64)
    if p.dtype.itemsize == 8 and p.size and np.abs(wide).max() > _EXACT:
        raise UsageError(
            "scores beyond 2**53 cannot be told apart as floats", hint="save scores as float64"
        )
    return wide


def falling(p: NDArray[Any]) -> NDArray[np.intp]:
    """The order of the scores from the highest down; equal scores keep their order."""
    return np.argsort(-floats(p), kind="stable")


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts at each distinct score of one class, from the highest down: positives so far."""

    scores: NDArray[Any]
    tp: Floats
    fp: Floats
    positives: float
    negatives: float


def curve(y: NDArray[Any], p: NDArray[Any]) -> Curve:
    """The counts behind ROC and precision-recall of one class; equal scores are one step."""
    order = falling(p)
    s, t = p[order], y[order].astype(np.float64)
    ends = np.flatnonzero(np.r_[s[1:] != s[:-1], True])
    tp = np.cumsum(t)[ends]
    return Curve(s[ends], tp, ends + 1.0 - tp, float(t.sum()), float(len(t) - t.sum()))


def auc(y: NDArray[Any], p: NDArray[Any]) -> float:
    """Area under the ROC curve of one class by the trapezoidal rule: ties count a half."""
    c = curve(y, p)
    if not c.positives or not c.negatives:
        return float("nan")
    tp, fp = np.r_[0.0, c.tp], np.r_[0.0, c.fp]
    twice_area = np.sum((fp[1:] - fp[:-1]) * (tp[1:] + tp[:-1]))
    return float(twice_area / 2 / (c.positives * c.negatives))


def average_precision(y: NDArray[Any], p: NDArray[Any]) -> float:
    """Sum of precision times the step in recall over the distinct scores (no interpolation)."""
    c = curve(y, p)
    if not c.positives:
        return float("nan")
    steps = np.diff(np.r_[0.0, c.tp])
    return float(np.sum(steps * c.tp / (c.tp + c.fp)) / c.positives)


def best_f1(y: NDArray[Any], p: NDArray[Any]) -> tuple[float, float]:
    """(highest F1, its threshold): positive where score >= threshold; the highest threshold."""
    c = curve(y, p)
    if not c.positives:
        return float("nan"), float("nan")
    f1 = 2 * c.tp / (c.tp + c.fp + c.positives)
    at = int(np.argmax(f1))
    return float(f1[at]), float(c.scores[at])


def sensitivity_at(y: NDArray[Any], p: NDArray[Any], specificity: float) -> float:
    """The highest sensitivity at which the specificity is still at least this."""
    c = curve(y, p)
    if not c.positives or not c.negatives:
        return float("nan")
    good = c.fp <= (1 - specificity) * c.negatives + 1e-9
    return float(c.tp[good].max(initial=0.0) / c.positives)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts per class at that class's threshold: each (k,)."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats


def confusion(y: NDArray[Any], p: NDArray[Any], thresholds: Floats) -> Confusion:
    """Counts where score >= threshold means positive."""
    hit, is_one = p >= thresholds, y.astype(bool)
    cells = (hit & is_one, hit & ~is_one, ~hit & is_one, ~hit & ~is_one)
    tp, fp, fn, tn = (cell.sum(axis=0).astype(np.float64) for cell in cells)
    return Confusion(tp, fp, fn, tn)


def ratio(above: NDArray[Any] | float, below: NDArray[Any] | float) -> Floats:
    """above / below, NaN where below is 0."""
    a, b = np.asarray(above, np.float64), np.asarray(below, np.float64)
    unknown = np.full(np.broadcast(a, b).shape, np.nan)
    result: Floats = np.divide(a, b, out=unknown, where=b != 0)
    return result


def f1_of(c: Confusion) -> Floats:
    """F1 per class; NaN where a class has neither positives nor predicted positives."""
    return ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn)


def brier(y: NDArray[Any], p: NDArray[Any]) -> Floats:
    """Mean squared difference between probability and label, per class."""
    values: Floats = ((p.astype(np.float64) - y) ** 2).mean(axis=0)
    return values


@dataclass(frozen=True, slots=True)
class Reliability:
    """Per bin of one class (or of all together): mean probability, share of positives, records."""

    mean: Floats
    share: Floats
    count: Floats

    @property
    def ece(self) -> float:
        """Expected calibration error: |share - mean|, weighted by records."""
        full = self.count > 0
        apart = np.abs(self.share - self.mean)[full]
        return float(np.sum(apart * self.count[full]) / self.count.sum())


def reliability(y: NDArray[Any], p: NDArray[Any], bins: int = BINS) -> Reliability:
    """Equal bins of [0, 1]; exactly i/bins belongs to the bin above it, 1 to the last."""
    flat = p.ravel().astype(np.float64)
    at = np.minimum((flat * bins).astype(np.int64), bins - 1)
    count = np.bincount(at, minlength=bins).astype(np.float64)
    total = np.bincount(at, weights=flat, minlength=bins)
    ones = np.bincount(at, weights=y.ravel().astype(np.float64), minlength=bins)
    return Reliability(ratio(total, count), ratio(ones, count), count)


def mean_of(values: Floats) -> float:
    """The mean over the classes that have a value, NaN when none has."""
    good = values[~np.isnan(values)]
    return float(good.mean()) if len(good) else float("nan")


def mean_over_records(values: Floats) -> Floats:
    """The mean of (n, k) over the records that have a value: (k,), NaN where none has."""
    known = ~np.isnan(values)
    totals = np.where(known, values, 0.0).sum(axis=0)
    return ratio(totals, known.sum(axis=0))


def sigmoid(logits: NDArray[Any]) -> Floats:
    """Probabilities from logits, without overflow."""
    x = logits.astype(np.float64)
    e = np.exp(-np.abs(x))
    p: Floats = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    return p
