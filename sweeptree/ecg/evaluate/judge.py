"""Judging one run's class scores: every score with its interval, per class and overall.

Hides: where thresholds come from, what needs probabilities, and which classes can be scored at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate import bootstrap, scores
from sweeptree.ecg.evaluate.predictions import Part, Predictions
from sweeptree.ecg.evaluate.scores import Floats
from sweeptree.ecg.evaluate.subgroups import Subgroup, subgroups

ThresholdSource = Literal["validation", "0.5", "none"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge. `count` resamples (0: no intervals), `level` of the intervals, such as 0.95."""

    count: int
    how: bootstrap.Resample
    level: float
    logits: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score on a class counts as predicted, NaN where that is not known."""

    values: Floats
    source: ThresholdSource
    best_f1: Floats | None = None
    """The F1 that each reaches on the validation records, where they come from there."""


@dataclass(slots=True)
class Verdict:
    """What one run came to. Arrays have one value per class, NaN where a class cannot be scored."""

    run: Predictions
    prob: Floats | None
    thresholds: Floats
    threshold_source: ThresholdSource
    confusion: scores.Confusion
    per_class: dict[str, Floats] = field(default_factory=dict)
    class_intervals: dict[str, Floats] = field(default_factory=dict)
    overall: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    draws: dict[str, Floats] = field(default_factory=dict)
    rejected: int = 0
    subgroups: list[Subgroup] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge(
    run: Predictions, draw: bootstrap.Draw | None, options: Options, data: Dataset | None
) -> Verdict:
    """Score one run; `draw` holds the resamples of its test records."""
    prob = _probabilities(run.test, options.logits)
    decisive = _decisive(run.test, options.logits)
    thresholds = _thresholds(run, prob, options.logits)
    hits = scores.confusion(run.test.true, decisive, thresholds.values)
    verdict = Verdict(run, prob, thresholds.values, thresholds.source, hits)
    _rank(verdict)
    _decide(verdict, decisive, thresholds)
    _calibrate(verdict)
    verdict.notes += _explanations(verdict)
    if draw is not None:
        _resample(verdict, draw, decisive, options.level)
        verdict.rejected = draw.rejected
    if data is not None:
        verdict.subgroups = subgroups(run.test, draw, options.level, data)
    return verdict


def _probabilities(part: Part, logits: bool) -> Floats | None:
    if logits:
        return scores.sigmoid(part.pred)
    if part.pred.min() < 0 or part.pred.max() > 1:
        return None
    return part.pred.astype(np.float64)


def _decisive(part: Part, logits: bool) -> NDArray[Any]:
    """What thresholds are compared with: probabilities of logits, else the scores as saved."""
    return scores.sigmoid(part.pred) if logits else part.pred


def _thresholds(run: Predictions, prob: Floats | None, logits: bool) -> Thresholds:
    """The threshold of the best F1 per class on the validation part, never on the test part."""
    count = len(run.classes)
    if run.val is None:
        if prob is None:
            return Thresholds(np.full(count, np.nan), "none")
        return Thresholds(np.full(count, 0.5), "0.5")
    p = _decisive(run.val, logits)
    best = [scores.best_f1(run.val.true[:, c], p[:, c]) for c in range(count)]
    values = np.array([threshold for _, threshold in best])
    return Thresholds(values, "validation", np.array([f1 for f1, _ in best]))


def _rank(v: Verdict) -> None:
    y, p = v.run.test.true, v.run.test.pred
    classes = list(zip(y.T, p.T, strict=True))
    v.per_class["positives"] = y.sum(axis=0).astype(np.float64)
    v.per_class["auc"] = np.array([scores.auc(*both) for both in classes])
    v.per_class["ap"] = np.array([scores.average_precision(*both) for both in classes])
    for specificity in scores.SPECIFICITIES:
        values = [scores.sensitivity_at(*both, specificity) for both in classes]
        v.per_class[f"sensitivity_at_{specificity * 100:.0f}"] = np.array(values)
    v.overall["auc_macro"] = scores.mean_of(v.per_class["auc"])
    v.overall["auc_micro"] = scores.auc(y.ravel(), p.ravel())
    v.overall["ap_macro"] = scores.mean_of(v.per_class["ap"])
    v.overall["ap_micro"] = scores.average_precision(y.ravel(), p.ravel())


def _decide(v: Verdict, decisive: NDArray[Any], thresholds: Thresholds) -> None:
    """Scores at the thresholds; a class without a threshold has none."""
    known = ~np.isnan(thresholds.values)
    table = _at_thresholds(v.confusion) | {"threshold": thresholds.values}
    for name in _DECISIONS:
        v.per_class[name] = np.where(known, table[name], np.nan)
    if thresholds.best_f1 is not None:
        v.per_class["val_f1max"] = thresholds.best_f1
    v.overall["f1_macro"] = scores.mean_of(v.per_class["f1"])
    v.overall["f1_micro"] = _micro_f1(v.confusion, known)
    v.overall["f1_weighted"] = _weighted(v.per_class["f1"], v.per_class["positives"])
    agrees = (decisive >= thresholds.values) == v.run.test.true.astype(bool)
    exact = float(agrees.all(axis=1).mean())
    v.overall["exact_match"] = exact if known.all() else float("nan")


_DECISIONS = ("threshold", "sensitivity", "specificity", "precision", "f1", "tp", "fp", "fn", "tn")


def _at_thresholds(c: scores.Confusion) -> dict[str, Floats]:
    return {
        "sensitivity": scores.ratio(c.tp, c.tp + c.fn),
        "specificity": scores.ratio(c.tn, c.tn + c.fp),
        "precision": scores.ratio(c.tp, c.tp + c.fp),
        "f1": scores.f1_of(c),
        "tp": c.tp,
        "fp": c.fp,
        "fn": c.fn,
        "tn": c.tn,
    }


def _micro_f1(c: scores.Confusion, known: NDArray[np.bool_]) -> float:
    either = (2 * c.tp + c.fp + c.fn)[known].sum()
    return float(scores.ratio(2 * c.tp[known].sum(), either))


def _weighted(f1: Floats, positives: Floats) -> float:
    """The mean F1, weighted by positives, over the classes that have both."""
    used = ~np.isnan(f1) & (positives > 0)
    return float(scores.ratio((f1 * positives)[used].sum(), positives[used].sum()))


def _calibrate(v: Verdict) -> None:
    y, p = v.run.test.true, v.prob
    if p is None:
        unknown = np.full(len(v.run.classes), np.nan)
        v.per_class["brier"] = v.per_class["ece"] = unknown
        v.overall["brier"] = v.overall["ece"] = float("nan")
        return
    errors = [scores.reliability(*both).ece for both in zip(y.T, p.T, strict=True)]
    v.per_class["brier"] = scores.brier(y, p)
    v.per_class["ece"] = np.array(errors)
    v.overall["brier"] = scores.mean_of(v.per_class["brier"])
    v.overall["ece"] = scores.reliability(y, p).ece


def _explanations(v: Verdict) -> list[str]:
    """In words, what could not be scored and why."""
    notes = []
    unranked = np.isnan(v.per_class["auc"])
    if unranked.any():
        names = ", ".join(v.run.classes[c] for c in np.flatnonzero(unranked))
        notes.append(f"not ranked, for lack of positives or negatives in the test records: {names}")
    if v.threshold_source == "0.5":
        notes.append("no validation predictions: thresholds are 0.5, not chosen")
    if v.threshold_source == "none":
        notes.append(
            "no validation predictions and no probabilities: nothing is scored at a threshold"
        )
    if v.prob is None:
        notes.append("scores outside [0, 1]: no calibration; give --logits if they are logits")
    return notes


def _resample(v: Verdict, draw: bootstrap.Draw, decisive: NDArray[Any], level: float) -> None:
    """The scores of every resample, and the intervals that follow."""
    areas, precisions = bootstrap.auc_and_ap(v.run.test.true, v.run.test.pred, draw.weights)
    v.draws["auc_macro"] = bootstrap.row_means(areas)
    v.draws["ap_macro"] = bootstrap.row_means(precisions)
    v.draws["f1_macro"] = bootstrap.row_means(_f1_draws(v, draw, decisive))
    if v.prob is not None:
        errors = (v.prob - v.run.test.true) ** 2
        v.draws["brier"] = bootstrap.row_means(bootstrap.means(errors, draw.weights))
    for name, values in v.draws.items():
        low, high = interval_of(name)(values, v.overall[name], level)
        v.intervals[name] = (max(low, 0.0), min(high, 1.0))
    v.class_intervals["auc"] = bootstrap.intervals(areas, v.per_class["auc"], level)
    v.class_intervals["ap"] = bootstrap.intervals(precisions, v.per_class["ap"], level)


def interval_of(score: str) -> bootstrap.Interval:
    """How a score's interval is made.

    A mean of average precisions keeps the upward bias of each, while its spread shrinks with the
    number of classes: percentiles would miss the point, and the truth.
    """
    return bootstrap.basic_interval if score == "ap_macro" else bootstrap.interval


def _f1_draws(v: Verdict, draw: bootstrap.Draw, decisive: NDArray[Any]) -> Floats:
    """F1 per resample and class at the fixed thresholds."""
    hit, one = decisive >= v.thresholds, v.run.test.true.astype(bool)
    drawn = draw.weights.T.astype(np.float64)
    tp = drawn @ (hit & one).astype(np.float64)
    either = drawn @ (hit.astype(np.float64) + one)
    return np.where(np.isnan(v.thresholds), np.nan, scores.ratio(2 * tp, either))
