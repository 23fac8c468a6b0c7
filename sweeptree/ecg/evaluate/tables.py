"""The tables of an evaluation: rows of the CSV files, sections of the report.

Hides: how scores are called and how a number is printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeptree.ecg.evaluate import waves
from sweeptree.ecg.evaluate.compare import Config, Difference
from sweeptree.ecg.evaluate.judge import Verdict
from sweeptree.ecg.evaluate.report import Section
from sweeptree.ecg.evaluate.scores import Floats

NAMES = {
    "auc_macro": "macro ROC-AUC",
    "auc_micro": "micro ROC-AUC",
    "ap_macro": "macro AP",
    "ap_micro": "micro AP",
    "f1_macro": "macro F1",
    "f1_micro": "micro F1",
    "f1_weighted": "weighted F1",
    "exact_match": "exact match",
    "brier": "Brier score",
    "ece": "ECE",
    "mae": "MAE",
    "rmse": "RMSE",
    "r": "Pearson r",
    "snr_db": "SNR (dB)",
}
EACH_RUN = "Each run has a report of its own, with figures, in runs/ beside this file."
_OF_MANY = ("auc_macro", "ap_macro", "f1_macro", "brier")
_CLASS_SCORES = {
    "sensitivity_at_90": "sens. at 90 % spec.",
    "sensitivity_at_95": "sens. at 95 % spec.",
    "threshold": "threshold",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "f1": "F1",
    "brier": "Brier",
    "ece": "ECE",
}
_HOLM = (
    "Holm's correction: over the pairs for an overall score, "
    "over the classes of a pair for DeLong's test."
)
_THRESHOLDS = {
    "validation": "Thresholds: the best F1 of each class on the validation records.",
    "0.5": "Thresholds: 0.5.",
    "none": "No thresholds.",
}

Row = dict[str, Any]
Bounds = tuple[float, float]


def score_name(name: str, unit: str = "") -> str:
    """A score's name for people, with the unit of errors where one is given."""
    plain = name.removesuffix(waves.ONLY_PREDICTED)
    shown = NAMES.get(plain, plain)
    if unit and plain in ("mae", "rmse"):
        shown += f" ({unit})"
    if plain != name:
        shown += ", leads other than I, II, V4"
    return shown


def with_interval(value: float, interval: Bounds | None) -> str:
    """`0.912 [0.901, 0.922]`."""
    if math.isnan(value):
        return "n/a"
    if interval is None or math.isnan(interval[0]):
        return f"{value:.3f}"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _scored(name: str, place: int, values: Floats, intervals: Mapping[str, Floats]) -> Row:
    """A score of one class or lead, and its interval where there is one."""
    row: Row = {name: float(values[place])}
    bounds = _bounds(intervals.get(name), place)
    if bounds is not None:
        row[f"{name}_low"], row[f"{name}_high"] = bounds
    return row


def _bounds(intervals: Floats | None, place: int) -> Bounds | None:
    if intervals is None:
        return None
    return float(intervals[place][0]), float(intervals[place][1])


def per_class_rows(v: Verdict) -> list[Row]:
    """per_class.csv."""
    rows = []
    for c, name in enumerate(v.run.classes):
        row: Row = {"class": name}
        for score, values in v.per_class.items():
            row |= _scored(score, c, values, v.class_intervals)
        rows.append(row)
    return rows


def lead_rows(v: waves.WaveVerdict) -> list[Row]:
    """per_lead.csv."""
    rows = []
    for place, name in enumerate(v.leads):
        row: Row = {"lead": name}
        for score in waves.SCORES:
            row |= _scored(score, place, v.per_lead[score], v.lead_intervals)
        rows.append(row)
    return rows


def comparison_rows(differences: Sequence[Difference]) -> list[Row]:
    """comparison.csv."""
    return [
        {
            "a": d.a,
            "b": d.b,
            "score": d.what,
            "a_value": d.value_a,
            "b_value": d.value_b,
            "difference": d.difference,
            "low": d.low,
            "high": d.high,
            "method": d.method,
            "p": d.p,
            "p_holm": d.p_holm,
        }
        for d in differences
    ]


def config_rows(configs: Sequence[Config]) -> list[Row]:
    """seeds.csv: one row per config."""
    rows = []
    for config in configs:
        row: Row = {"config": config.name, "n": len(config.runs)}
        for score, mean in config.mean.items():
            row[f"{score}_mean"] = mean
            row[f"{score}_std"] = config.std[score]
        rows.append(row)
    return rows


def overall_section(v: Verdict) -> Section:
    """The overall scores of one run."""
    return Section("Overall", ("score", "value"), list(_overall_rows(v, "")), v.notes)


def wave_section(v: waves.WaveVerdict) -> Section:
    """The overall scores of one run's signals."""
    return Section("Overall", ("score", "value"), list(_overall_rows(v, _unit(v))))


def _overall_rows(v: Verdict | waves.WaveVerdict, unit: str) -> Iterator[list[str]]:
    for name, value in v.overall.items():
        yield [score_name(name, unit), with_interval(value, v.intervals.get(name))]


def _unit(v: waves.WaveVerdict) -> str:
    return v.unit.replace("uV", "µV")


def class_section(v: Verdict) -> Section:
    """The scores per class of one run."""
    columns = ("class", "positives", "ROC-AUC", "AP", *_CLASS_SCORES.values())
    rows = [_class_row(v, c, name) for c, name in enumerate(v.run.classes)]
    return Section("Per class", columns, rows, [_THRESHOLDS[v.threshold_source]])


def _class_row(v: Verdict, c: int, name: str) -> list[str]:
    ranked = [
        with_interval(float(v.per_class[score][c]), _bounds(v.class_intervals.get(score), c))
        for score in ("auc", "ap")
    ]
    others = [_number(v.per_class[score][c]) for score in _CLASS_SCORES]
    return [name, f"{v.per_class['positives'][c]:.0f}", *ranked, *others]


def lead_section(v: waves.WaveVerdict) -> Section:
    """The scores per lead of one run."""
    columns = ("lead", *(score_name(score, _unit(v)) for score in waves.SCORES))
    rows = [[name, *_lead_cells(v, place)] for place, name in enumerate(v.leads)]
    note = (
        "Means over records. "
        "SNR = 10 log10(power of the truth about its mean / power of the error)."
    )
    return Section("Per lead", columns, rows, [note])


def _lead_cells(v: waves.WaveVerdict, place: int) -> Iterator[str]:
    for score in waves.SCORES:
        bounds = _bounds(v.lead_intervals.get(score), place)
        yield with_interval(float(v.per_lead[score][place]), bounds)


def subgroup_section(v: Verdict) -> Section:
    """The subgroups of one run."""
    columns = ("group", "value", "records", "macro ROC-AUC", "classes scored")
    rows = []
    for s in v.subgroups:
        score = with_interval(s.auc_macro, (s.low, s.high))
        rows.append([s.group, s.value, str(s.n), score, str(s.classes)])
    return Section("Subgroups", columns, rows, ["Groups of fewer than 10 records are not scored."])


def config_section(configs: Sequence[Config]) -> Section:
    """Configs with mean and standard deviation over seeds."""
    shown = [score for score in _OF_MANY if score in configs[0].mean]
    columns = ("config", "seeds", *(NAMES[score] for score in shown))
    rows = []
    for config in configs:
        cells = [_plus_minus(config.mean[score], config.std[score]) for score in shown]
        rows.append([config.name, str(len(config.runs)), *cells])
    note = "Mean ± standard deviation (n - 1) over the seeds of a config."
    return Section("Configs", columns, rows, [note])


def _plus_minus(mean: float, std: float) -> str:
    if math.isnan(mean):
        return "n/a"
    return f"{mean:.4f}" if math.isnan(std) else f"{mean:.4f} ± {std:.4f}"


def runs_section(verdicts: Sequence[Verdict]) -> Section:
    """Runs side by side, the best first."""
    shown = [score for score in _OF_MANY if score in verdicts[0].overall]
    ranked = sorted(verdicts, key=lambda v: -v.overall["auc_macro"])
    return _side_by_side(ranked, shown)


def wave_runs_section(verdicts: Sequence[waves.WaveVerdict]) -> Section:
    """Runs side by side, in the order given."""
    return _side_by_side(verdicts, waves.SCORES)


def _side_by_side(verdicts: Sequence[Verdict | waves.WaveVerdict], shown: Sequence[str]) -> Section:
    rows = []
    for v in verdicts:
        cells = [with_interval(v.overall[score], v.intervals.get(score)) for score in shown]
        rows.append([v.run.name, *cells])
    return Section("Runs", ("run", *(NAMES[score] for score in shown)), rows, [EACH_RUN])


def difference_section(differences: Sequence[Difference]) -> Section:
    """Paired differences: the overall ones, and the classes that stay significant after Holm."""
    shown = [d for d in differences if d.method != "DeLong" or d.p_holm < 0.05]
    notes = [_HOLM]
    hidden = len(differences) - len(shown)
    if hidden:
        notes.append(
            f"{hidden} class comparisons with p (Holm) >= 0.05 are in comparison.csv only."
        )
    columns = ("a", "b", "score", "a - b", "method", "p", "p (Holm)")
    return Section("Paired comparison", columns, [_difference_row(d) for d in shown], notes)


def _difference_row(d: Difference) -> list[str]:
    value = with_interval(d.difference, (d.low, d.high))
    return [d.a, d.b, score_name(d.what), value, d.method, _p(d.p), _p(d.p_holm)]


def _p(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def wave_difference_section(differences: Sequence[waves.WaveDifference]) -> Section:
    """Paired differences of predicted signals."""
    rows = []
    for d in differences:
        value = with_interval(d.difference, (d.low, d.high))
        rows.append([d.a, d.b, score_name(d.score), value])
    columns = ("a", "b", "score", "a - b")
    return Section("Paired comparison", columns, rows, ["On the same resamples."])
