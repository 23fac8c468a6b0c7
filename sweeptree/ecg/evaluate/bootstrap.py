"""Resampling records and scoring every resample at once.

Hides: how a resample is a vector of weights (how often each record was drawn), so that sorting is
done once per class and 1,000 resamples of 2,000 records and 71 classes take seconds. Equal to
scoring each resample by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.evaluate.scores import Floats
from sweeptree.errors import UsageError

Resample = Literal["reject", "skip-empty", "stratified", "patient"]
BLOCK = 128
MOST_DRAWS = 200
"""Draws per wanted resample before `reject` gives up."""


@dataclass(frozen=True, slots=True)
class Draw:
    """How to resample: `weights` (n, count) float32 says how often each record is in each resample."""

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
    if how == "stratified":
        return Draw(_stratified(y, count, rng), 0)
    if how == "patient":
        if patients is None:
            raise UsageError(
                "resampling by patient needs the dataset", hint="--data data/processed"
            )
        return Draw(_by_patient(np.asarray(patients), count, rng), 0)
    if how == "skip-empty":
        return Draw(_plain(len(y), count, rng), 0)
    return _reject(y, count, rng)


def _plain(n: int, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    weights = np.empty((n, count), np.float32)
    for b in range(count):
        weights[:, b] = np.bincount(rng.integers(0, n, n), minlength=n)
    return weights


def _reject(y: NDArray[Any], count: int, rng: np.random.Generator) -> Draw:
    n = len(y)
    ones = y.astype(np.float32).T
    positives = ones.sum(axis=1, keepdims=True)
    kept: list[NDArray[np.float32]] = []
    drawn = have = 0
    while have < count:
        if drawn >= MOST_DRAWS * count:
            raise UsageError(
                f"only {have} of {drawn:,} resamples hold every class; some class is too rare for --resample reject",
                hint="--resample skip-empty or stratified",
            )
        weights = _plain(n, min(BLOCK, count), rng)
        got = ones @ weights
        both = ((got > 0) | (positives == 0)) & ((got < n) | (positives == n))
        good = np.asarray(both.all(axis=0))
        if (
            have + int(good.sum()) >= count
        ):  # the last block counts up to the one that completes the set
            last = int(np.flatnonzero(good)[count - have - 1]) + 1
            weights, good = weights[:, :last], good[:last]
        drawn += weights.shape[1]
        have += int(good.sum())
        kept.append(weights[:, good])
    return Draw(np.concatenate(kept, axis=1), drawn - count)


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
    """One class, sorted by falling score: the order, and for each positive where its group of equal
    scores lies."""

    order: NDArray[np.int64]
    positives: NDArray[np.int64]
    before: NDArray[np.int64]
    last: NDArray[np.int64]


def _sort(y: NDArray[Any], p: NDArray[Any]) -> _Sorted:
    order = np.argsort(-p, kind="stable")
    s = p[order]
    starts = np.flatnonzero(np.r_[True, s[1:] != s[:-1]])
    positives = np.flatnonzero(y[order])
    group = np.searchsorted(starts, positives, side="right") - 1
    return _Sorted(order, positives, starts[group], np.r_[starts[1:], len(s)][group] - 1)


def auc_and_ap(
    y: NDArray[Any], p: NDArray[Any], weights: NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """ROC-AUC and average precision per resample and class: two arrays (resamples, classes), NaN
    where undefined.

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
    """U statistic and average precision from running sums, looked up only where there are
    positives."""
    ranked = w[r.order]
    running = np.zeros((len(ranked) + 1, w.shape[1]), np.float32)
    np.cumsum(ranked, axis=0, out=running[1:])
    wp = ranked[r.positives].astype(np.float64)
    above, upto = running[r.before].astype(np.float64), running[r.last + 1].astype(np.float64)
    hits = wp.sum(axis=0)
    negatives = total - hits
    tp = _hits_upto(wp, r)
    # a positive at sorted place i beats (total - upto) records below it and half of its own group
    wins = np.einsum("pb,pb->b", wp, total - (above + upto) / 2) - hits * hits / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        area = wins / (hits * negatives)
        precision = np.where(wp > 0, wp * tp / upto, 0.0).sum(axis=0) / hits
    return area, precision


def _hits_upto(wp: Floats, r: _Sorted) -> Floats:
    """Weight of the positives with a score at least as high, per positive."""
    running = np.cumsum(wp, axis=0)
    last_of_group = np.searchsorted(r.last, r.last, side="right") - 1
    hits: Floats = running[last_of_group]
    return hits


def _blocks(count: int) -> Iterator[slice]:
    return (slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK))


def means(values: NDArray[Any], weights: NDArray[np.float32]) -> Floats:
    """The mean of values (n, k) in each resample: (resamples, k).

    NaN values are left out, record by record.
    """
    v = values.astype(np.float64)
    known = ~np.isnan(v)
    w = weights.T.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = (w @ np.where(known, v, 0.0)) / (w @ known.astype(np.float64))
    return result


def interval(values: Floats, level: float) -> tuple[float, float]:
    """The percentile interval of a level such as 0.95; NaN values are left out, (NaN, NaN) when
    none are left."""
    good = values[~np.isnan(values)]
    if len(good) < 2:
        return float("nan"), float("nan")
    low, high = np.quantile(good, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def row_means(values: Floats) -> Floats:
    """The mean of each row over the classes that have a value in it."""
    known = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    return result
