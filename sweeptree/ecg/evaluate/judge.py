"""Judging one run's class scores: every score with its interval, per class, overall and per
subgroup.

Hides: where thresholds come from, what needs probabilities, and which classes can be scored at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate import bootstrap, scores
from sweeptree.ecg.evaluate.predictions import Part, Predictions
from sweeptree.ecg.evaluate.scores import Floats

SMALLEST_GROUP = 10
AGE_BANDS = ((0, 40, "under 40"), (40, 60, "40-59"), (60, 80, "60-79"), (80, 200, "80 and over"))


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge. `count` resamples (0: no intervals), `level` of the intervals, such as 0.95."""

    count: int
    how: bootstrap.Resample
    level: float
    logits: bool
    seed: int


@dataclass(slots=True)
class Verdict:
    """What one run came to. Arrays have one value per class, NaN where a class cannot be scored."""

    run: Predictions
    prob: Floats | None
    thresholds: Floats
    threshold_source: str
    per_class: dict[str, Floats]
    class_intervals: dict[str, Floats]
    overall: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    confusion: scores.Confusion
    draws: dict[str, Floats] = field(default_factory=dict)
    rejected: int = 0
    subgroups: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge(
    run: Predictions, draw: bootstrap.Draw | None, options: Options, data: Dataset | None
) -> Verdict:
    """Score one run; `draw` holds the resamples of its test records."""
    prob = _probabilities(run.test, options.logits)
    thresholds, source = _thresholds(run, prob, options.logits)
    hits = scores.confusion(run.test.true, _decision(run.test, options.logits), thresholds)
    verdict = Verdict(run, prob, thresholds, source, {}, {}, {}, {}, hits)
    _rank(verdict)
    _decide(verdict, options.logits)
    _calibrate(verdict)
    _explain(verdict)
    if draw is not None:
        _intervals(verdict, draw, options)
        verdict.rejected = draw.rejected
    if data is not None:
        verdict.subgroups = list(_subgroups(verdict, draw, options.level, data))
    return verdict


def _probabilities(part: Part, logits: bool) -> Floats | None:
    if logits:
        return scores.sigmoid(part.pred)
    if part.pred.min() < 0 or part.pred.max() > 1:
        return None
    return part.pred.astype(np.float64)


def _decision(part: Part, logits: bool) -> NDArray[Any]:
    """What thresholds are compared with: probabilities where logits were given, else the scores as
    saved."""
    return scores.sigmoid(part.pred) if logits else part.pred


def _thresholds(run: Predictions, prob: Floats | None, logits: bool) -> tuple[Floats, str]:
    """The threshold of the best F1 per class on the validation part, never on the test part."""
    if run.val is not None:
        p = _decision(run.val, logits)
        return np.array(
            [scores.best_f1(run.val.true[:, c], p[:, c])[1] for c in range(p.shape[1])]
        ), "validation"
    if prob is not None:
        return np.full(len(run.classes), 0.5), "0.5"
    return np.full(len(run.classes), np.nan), "none"


def _rank(v: Verdict) -> None:
    y, p = v.run.test.true, v.run.test.pred
    columns = range(len(v.run.classes))
    v.per_class["positives"] = y.sum(axis=0).astype(np.float64)
    v.per_class["auc"] = np.array([scores.auc(y[:, c], p[:, c]) for c in columns])
    v.per_class["ap"] = np.array([scores.average_precision(y[:, c], p[:, c]) for c in columns])
    for specificity in scores.SPECIFICITIES:
        values = [scores.sensitivity_at(y[:, c], p[:, c], specificity) for c in columns]
        v.per_class[f"sensitivity_at_{specificity * 100:.0f}"] = np.array(values)
    v.overall["auc_macro"] = scores.mean_of(v.per_class["auc"])
    v.overall["auc_micro"] = scores.auc(y.ravel(), p.ravel())
    v.overall["ap_macro"] = scores.mean_of(v.per_class["ap"])
    v.overall["ap_micro"] = scores.average_precision(y.ravel(), p.ravel())


def _decide(v: Verdict, logits: bool) -> None:
    """Scores at the thresholds; a class without a threshold has none."""
    known = ~np.isnan(v.thresholds)
    c = v.confusion
    table = {
        "threshold": v.thresholds,
        "sensitivity": scores.ratio(c.tp, c.tp + c.fn),
        "specificity": scores.ratio(c.tn, c.tn + c.fp),
        "precision": scores.ratio(c.tp, c.tp + c.fp),
        "f1": scores.f1_of(c),
        "tp": c.tp,
        "fp": c.fp,
        "fn": c.fn,
        "tn": c.tn,
    }
    v.per_class.update({name: np.where(known, values, np.nan) for name, values in table.items()})
    if v.run.val is not None:
        p = _decision(v.run.val, logits)
        best = [scores.best_f1(v.run.val.true[:, k], p[:, k])[0] for k in range(len(v.run.classes))]
        v.per_class["val_f1max"] = np.array(best)
    f1, positives = v.per_class["f1"], v.per_class["positives"]
    weighted = ~np.isnan(f1) & (positives > 0)
    v.overall["f1_macro"] = scores.mean_of(f1)
    micro = scores.ratio(2 * c.tp[known].sum(), (2 * c.tp + c.fp + c.fn)[known].sum())
    v.overall["f1_micro"] = float(micro)
    v.overall["f1_weighted"] = float(
        scores.ratio((f1 * positives)[weighted].sum(), positives[weighted].sum())
    )
    exact = ((_decision(v.run.test, logits) >= v.thresholds) == v.run.test.true.astype(bool)).all(
        axis=1
    )
    v.overall["exact_match"] = float(exact.mean()) if known.all() else float("nan")


def _calibrate(v: Verdict) -> None:
    k = len(v.run.classes)
    y, p = v.run.test.true, v.prob
    if p is None:
        v.per_class["brier"] = v.per_class["ece"] = np.full(k, np.nan)
        v.overall["brier"] = v.overall["ece"] = float("nan")
        return
    v.per_class["brier"] = scores.brier(y, p)
    v.per_class["ece"] = np.array([scores.reliability(y[:, c], p[:, c]).ece for c in range(k)])
    v.overall["brier"] = scores.mean_of(v.per_class["brier"])
    v.overall["ece"] = scores.reliability(y, p).ece


def _explain(v: Verdict) -> None:
    """Say in words what could not be scored and why."""
    empty = [
        c for c, value in zip(v.run.classes, v.per_class["auc"], strict=True) if np.isnan(value)
    ]
    if empty:
        v.notes.append(
            f"not ranked, for lack of positives or negatives in the test records: {', '.join(empty)}"
        )
    if v.threshold_source == "0.5":
        v.notes.append("no validation predictions: thresholds are 0.5, not chosen")
    if v.threshold_source == "none":
        v.notes.append(
            "no validation predictions and no probabilities: nothing is scored at a threshold"
        )
    if v.prob is None:
        v.notes.append("scores outside [0, 1]: no calibration; give --logits if they are logits")


def _intervals(v: Verdict, draw: bootstrap.Draw, options: Options) -> None:
    y, p = v.run.test.true, v.run.test.pred
    areas, precisions = bootstrap.auc_and_ap(y, p, draw.weights)
    v.draws["auc_macro"], v.draws["ap_macro"] = (
        bootstrap.row_means(areas),
        bootstrap.row_means(precisions),
    )
    v.draws["f1_macro"] = bootstrap.row_means(_f1_draws(v, draw, options.logits))
    if v.prob is not None:
        v.draws["brier"] = bootstrap.row_means(bootstrap.means((v.prob - y) ** 2, draw.weights))
    for name, values in v.draws.items():
        v.intervals[name] = bootstrap.interval(values, options.level)
    for name, table in (("auc", areas), ("ap", precisions)):
        rows = [bootstrap.interval(table[:, c], options.level) for c in range(table.shape[1])]
        v.class_intervals[name] = np.array(rows)


def _f1_draws(v: Verdict, draw: bootstrap.Draw, logits: bool) -> Floats:
    """F1 per resample and class at the fixed thresholds."""
    hit, one = _decision(v.run.test, logits) >= v.thresholds, v.run.test.true.astype(bool)
    w = draw.weights.T.astype(np.float64)
    tp, either = w @ (hit & one).astype(np.float64), w @ (hit.astype(np.float64) + one)
    f1 = scores.ratio(2 * tp, either)
    return np.where(np.isnan(v.thresholds), np.nan, f1)


def _subgroups(
    v: Verdict, draw: bootstrap.Draw | None, level: float, data: Dataset
) -> Iterator[dict[str, Any]]:
    row_of = {int(ecg_id): number for number, ecg_id in enumerate(data.ecg_ids)}
    rows = [data.rows[row_of[int(i)]] for i in v.run.test.ids]
    for kind, values in _kinds(rows).items():
        for value in sorted(set(values), key=_place):
            members = np.flatnonzero(np.array(values) == value)
            yield {"group": kind, "value": value, **_subgroup(v, draw, level, members)}


def _place(value: str) -> tuple[int, str]:
    """Age bands from young to old; everything else by its name."""
    bands = [name for _, _, name in AGE_BANDS]
    return (bands.index(value) if value in bands else len(bands), value)


def _kinds(rows: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    sexes = {"0": "male", "1": "female"}
    return {
        "sex": [sexes.get(r["sex"].removesuffix(".0"), "not known") for r in rows],
        "age": [_band(r["age"]) for r in rows],
        "device": [r["device"] or "not known" for r in rows],
        "site": [r["site"].removesuffix(".0") or "not known" for r in rows],
        "signal": ["noise noted" if r["noisy"] == "1" else "no noise noted" for r in rows],
        "pacemaker": ["yes" if r["pacemaker"].startswith("ja") else "none noted" for r in rows],
    }


def _band(age: str) -> str:
    if not age:
        return "not known"
    return next(name for low, high, name in AGE_BANDS if low <= float(age) < high)


def _subgroup(
    v: Verdict, draw: bootstrap.Draw | None, level: float, members: NDArray[np.int64]
) -> dict[str, Any]:
    nothing = {"auc_macro": float("nan"), "low": float("nan"), "high": float("nan"), "classes": 0}
    if len(members) < SMALLEST_GROUP:
        return {"n": len(members), **nothing}
    y, p = v.run.test.true[members], v.run.test.pred[members]
    areas = np.array([scores.auc(y[:, c], p[:, c]) for c in range(y.shape[1])])
    low = high = float("nan")
    if draw is not None:
        # the same resamples, seen in this group only: its size varies as it would in a new sample
        draws, _ = bootstrap.auc_and_ap(y, p, draw.weights[members])
        low, high = bootstrap.interval(bootstrap.row_means(draws), level)
    known = int((~np.isnan(areas)).sum())
    return {
        "n": len(members),
        "auc_macro": scores.mean_of(areas),
        "low": low,
        "high": high,
        "classes": known,
    }
