"""Resampling records and scoring every resample at once.

Hides: how a resample is a vector of weights (how often each record was drawn), so that sorting is
done once per class and 1,000 resamples of 2,000 records and 71 classes take seconds. Equal to
scoring each resample by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.evaluate.scores import Floats, falling
from sweeptree.errors import UsageError

Resample = Literal["reject", "skip-empty", "stratified", "patient"]
Interval = Callable[[Floats, float, float], tuple[float, float]]
"""(draws, point, level) -> (low, high)."""
BLOCK = 128
MOST_DRAWS = 200
"""Draws per wanted resample before `reject` gives up."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Resamples: `weights` (n, count) float32 says how often each record is in each of them."""

    weights: NDArray[np.float32]
    rejected: int


def draw(
    y: NDArray[Any],
    count: int,
    how: Resample,
    *,
    seed: int,
    patients: Sequence[str] | NDArray[Any] | None = None,
) -> Draw:
    """Draw `count` resamples of the n records of y. The same arguments give the same resamples.

    reject: redraw while a class that has positives (negatives) in y has none in the resample, as
    the PTB-XL benchmark does; skip-empty: keep such resamples, the class has no value in them;
    stratified: within each combination of labels; patient: whole patients. Raises UsageError when
    `reject` finds too few.
    """
    rng = np.random.default_rng(seed)
    match how:
        case "stratified":
            return Draw(_stratified(y, count, rng), 0)
        case "patient":
            return Draw(_by_patient(_known(patients), count, rng), 0)
        case "skip-empty":
            return Draw(_plain(len(y), count, rng), 0)
        case "reject":
            return _reject(y, count, rng)


def _known(patients: Sequence[str] | NDArray[Any] | None) -> NDArray[Any]:
    if patients is None:
        raise UsageError("resampling by patient needs the dataset", hint="--data data/processed")
    return np.asarray(patients)


def _plain(n: int, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    weights = np.empty((n, count), np.float32)
    for b in range(count):
        weights[:, b] = np.bincount(rng.integers(0, n, n), minlength=n)
    return weights


def _reject(y: NDArray[Any], count: int, rng: np.random.Generator) -> Draw:
    ones = y.astype(np.float32).T
    kept: list[NDArray[np.float32]] = []
    drawn = have = 0
    while have < count:
        if drawn >= MOST_DRAWS * count:
            raise _too_rare(have, drawn)
        weights = _plain(len(y), min(BLOCK, count), rng)
        good = _hold_every_class(ones, weights)
        if have + int(good.sum()) >= count:
            # the last block counts up to the one that completes the set
            last = int(np.flatnonzero(good)[count - have - 1]) + 1
            weights, good = weights[:, :last], good[:last]
        drawn += weights.shape[1]
        have += int(good.sum())
        kept.append(weights[:, good])
    return Draw(np.concatenate(kept, axis=1), drawn - count)


def _hold_every_class(ones: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Per resample, whether each class has positives and negatives where the records have them."""
    n = ones.shape[1]
    positives = ones.sum(axis=1, keepdims=True)
    drawn = ones @ weights
    has_positives = (drawn > 0) | (positives == 0)
    has_negatives = (drawn < n) | (positives == n)
    return np.asarray((has_positives & has_negatives).all(axis=0))


def _too_rare(have: int, drawn: int) -> UsageError:
    return UsageError(
        f"only {have} of {drawn:,} resamples hold every class; "
        "some class is too rare for --resample reject",
        hint="--resample skip-empty or stratified",
    )


def _stratified(y: NDArray[Any], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    _, kind = np.unique(y, axis=0, return_inverse=True)
    weights = np.zeros((len(y), count), np.float32)
    for value in range(int(kind.max()) + 1):
        rows = np.flatnonzero(kind.ravel() == value)
        weights[rows] = _plain(len(rows), count, rng)
    return weights


def _by_patient(
    patients: NDArray[Any], count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    names, of = np.unique(patients, return_inverse=True)
    return _plain(len(names), count, rng)[of.ravel()]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """One class by falling score: the order, and where each positive's group of equals lies."""

    order: NDArray[np.int64]
    positives: NDArray[np.int64]
    before: NDArray[np.int64]
    last: NDArray[np.int64]


def _sort(y: NDArray[Any], p: NDArray[Any]) -> _Sorted:
    order = falling(p)
    ranked = p[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ends = np.r_[starts[1:], len(ranked)]
    positives = np.flatnonzero(y[order])
    group = np.searchsorted(starts, positives, side="right") - 1
    return _Sorted(order, positives, starts[group], ends[group] - 1)


def auc_and_ap(
    y: NDArray[Any], p: NDArray[Any], weights: NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """ROC-AUC and average precision: two arrays (resamples, classes), NaN where undefined.

    Weights are whole numbers below 2**24 in sum, so that float32 holds every partial sum exactly.
    """
    count, k = weights.shape[1], y.shape[1]
    areas, precisions = np.full((count, k), np.nan), np.full((count, k), np.nan)
    ranked = [_sort(y[:, c], p[:, c]) for c in range(k)]
    for block in _blocks(count):
        w = np.ascontiguousarray(weights[:, block])
        total = w.sum(axis=0, dtype=np.float64)
        for c, r in enumerate(ranked):
            if len(r.positives):
                areas[block, c], precisions[block, c] = _score(w, total, r)
    return areas, precisions


def _score(w: NDArray[np.float32], total: Floats, r: _Sorted) -> tuple[Floats, Floats]:
    """U statistic and average precision from running sums, looked up where there are positives."""
    ranked = w[r.order]
    running = np.zeros((len(ranked) + 1, w.shape[1]), np.float32)
    np.cumsum(ranked, axis=0, out=running[1:])
    above = running[r.before].astype(np.float64)
    upto = running[r.last + 1].astype(np.float64)
    drawn = ranked[r.positives].astype(np.float64)
    hits = drawn.sum(axis=0)
    tp = _hits_upto(drawn, r)
    # a positive at sorted place i beats (total - upto) records below it and half of its own group
    beaten = total - (above + upto) / 2
    wins = np.einsum("pb,pb->b", drawn, beaten) - hits * hits / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        area = wins / (hits * (total - hits))
        precision = np.where(drawn > 0, drawn * tp / upto, 0.0).sum(axis=0) / hits
    return area, precision


def _hits_upto(drawn: Floats, r: _Sorted) -> Floats:
    """How often positives with a score at least as high were drawn, per positive."""
    running = np.cumsum(drawn, axis=0)
    last_of_group = np.searchsorted(r.last, r.last, side="right") - 1
    hits: Floats = running[last_of_group]
    return hits


def _blocks(count: int) -> Iterator[slice]:
    return (slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK))


def means(values: NDArray[Any], weights: NDArray[np.float32]) -> Floats:
    """The mean of values (n, k) in each resample: (resamples, k).

    NaN values are left out, record by record.
    """
    wide = values.astype(np.float64)
    known = ~np.isnan(wide)
    drawn = weights.T.astype(np.float64)
    totals = drawn @ np.where(known, wide, 0.0)
    counts = drawn @ known.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = totals / counts
    return result


def interval(draws: Floats, point: float, level: float) -> tuple[float, float]:
    """The percentile interval of a score, of a level such as 0.95; it holds the point.

    NaN draws are left out; (NaN, NaN) when fewer than two are left.
    """
    low, high = _percentiles(draws, level)
    return _holding(point, low, high)


def basic_interval(draws: Floats, point: float, level: float) -> tuple[float, float]:
    """The basic interval, percentiles mirrored at the point, for a score that is biased upwards.

    Average precision of few positives lies above that of many, and that of a resample above that
    of the records. Percentiles are too high twice over then, and may lie wholly above the point;
    mirrored ones undo the bias (Davison and Hinkley 1997, Bootstrap Methods, chapter 5). Where the
    bias is larger than the spread, the point is the upper end.
    """
    low, high = _percentiles(draws, level)
    return _holding(point, 2 * point - high, 2 * point - low)


def _percentiles(draws: Floats, level: float) -> tuple[float, float]:
    known = draws[~np.isnan(draws)]
    if len(known) < 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _holding(point: float, low: float, high: float) -> tuple[float, float]:
    if np.isnan(low) or np.isnan(point):
        return low, high
    return min(low, point), max(high, point)


def intervals(draws: Floats, points: Floats, level: float) -> Floats:
    """The percentile interval of each class: draws (resamples, k), points (k,), answer (k, 2)."""
    columns = zip(draws.T, points, strict=True)
    return np.array([interval(column, point, level) for column, point in columns])


def row_means(values: Floats) -> Floats:
    """The mean of each row over the classes that have a value in it."""
    known = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    return result
