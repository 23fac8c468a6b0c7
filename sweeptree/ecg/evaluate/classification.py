"""The files of an evaluation of class scores, per run and over all runs."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate import bootstrap, compare, drawing, report, tables
from sweeptree.ecg.evaluate.judge import Options, Verdict, judge
from sweeptree.ecg.evaluate.naming import slug
from sweeptree.ecg.evaluate.outcome import Outcome
from sweeptree.ecg.evaluate.predictions import Predictions
from sweeptree.ecg.evaluate.report import Report
from sweeptree.ecg.evaluate.spec import EvaluateSpec
from sweeptree.ecg.manifest import json_bytes

_UNKNOWN = (math.nan, math.nan)


def classification(
    spec: EvaluateSpec, runs: Sequence[Predictions], data: Dataset | None
) -> Outcome[Verdict]:
    """Judge runs of class scores. Raises UsageError where they cannot be judged or compared."""
    options = Options(spec.bootstrap, spec.resample, spec.level, spec.logits, spec.seed)
    draws = _Draws(options, data)
    verdicts = [judge(run, draws.of(run), options, data) for run in runs]
    best = max(verdicts, key=_rank).run.name
    files: dict[str, bytes] = {}
    for v in verdicts:
        folder = "" if len(verdicts) == 1 else f"runs/{slug(v.run.name)}/"
        run_files = _run_files(v, spec, data)
        files |= {f"{folder}{name}": content for name, content in run_files.items()}
    if len(verdicts) > 1:
        files |= _files_of_many(verdicts, spec, data)
    files["metrics.json"] = json_bytes(report.clean(_metrics(verdicts, best, spec, data)))
    return Outcome("classification", verdicts, best, files, tuple(_notes(verdicts)))


def _rank(v: Verdict) -> float:
    auc = v.overall["auc_macro"]
    return -1.0 if math.isnan(auc) else auc


def _notes(verdicts: Sequence[Verdict]) -> list[str]:
    return [f"{v.run.name}: {note}" for v in verdicts for note in v.notes]


class _Draws:
    """The resamples: runs on the same records share one set, which makes differences paired."""

    def __init__(self, options: Options, data: Dataset | None) -> None:
        self._options = options
        self._data = data
        self._known: dict[str, bootstrap.Draw] = {}

    def of(self, run: Predictions) -> bootstrap.Draw | None:
        """The resamples of a run's test records, None when none are wanted."""
        if not self._options.count:
            return None
        content = run.test.ids.tobytes() + run.test.true.tobytes()
        key = hashlib.sha256(content).hexdigest()
        if key not in self._known:
            self._known[key] = self._new(run)
        return self._known[key]

    def _new(self, run: Predictions) -> bootstrap.Draw:
        patients = None if self._data is None else self._data.patients_of(run.test.ids)
        o = self._options
        return bootstrap.draw(run.test.true, o.count, o.how, seed=o.seed, patients=patients)


def _lead(verdicts: Sequence[Verdict], spec: EvaluateSpec, data: Dataset | None) -> list[str]:
    sizes = Counter((len(v.run.test.ids), len(v.run.classes)) for v in verdicts)
    lines = []
    for (records, classes), runs in sizes.items():
        noun = "run" if runs == 1 else "runs"
        lines.append(f"{runs} {noun} on {records:,} test records, {classes} classes")
    if spec.bootstrap:
        rejected = max(v.rejected for v in verdicts)
        lines.append(
            f"{spec.level * 100:g} % intervals from {spec.bootstrap:,} resamples "
            f"({spec.resample}, seed {spec.seed}), {rejected:,} rejected; "
            "percentiles, for macro AP the basic interval, which undoes its upward bias"
        )
    if data is not None:
        name = f"{data.manifest['dataset']} {data.manifest['version']}"
        lines.append(f"dataset {name}, digest {data.digest[:12]}")
    return lines


def _run_files(v: Verdict, spec: EvaluateSpec, data: Dataset | None) -> dict[str, bytes]:
    made = drawing.of_classes(v) if spec.figures else {}
    sections = [tables.overall_section(v), tables.class_section(v)]
    files = {"per_class.csv": report.to_csv(tables.per_class_rows(v))}
    if v.subgroups:
        sections.append(tables.subgroup_section(v))
        files["subgroups.csv"] = report.to_csv([asdict(s) for s in v.subgroups])
    page = Report(f"Evaluation of {v.run.name}", _lead([v], spec, data), sections)
    return files | made | report.files_of(page, made)


def _files_of_many(
    verdicts: Sequence[Verdict], spec: EvaluateSpec, data: Dataset | None
) -> dict[str, bytes]:
    configs = compare.over_seeds(verdicts)
    sections = [tables.config_section(configs), tables.runs_section(verdicts)]
    files = {"seeds.csv": report.to_csv(tables.config_rows(configs))}
    if spec.compare:
        differences = compare.compare(verdicts, spec.level)
        sections.append(tables.difference_section(differences))
        files["comparison.csv"] = report.to_csv(tables.comparison_rows(differences))
    made = _side_by_side(verdicts, spec.level) if spec.figures else {}
    page = Report("Evaluation", _lead(verdicts, spec, data), sections)
    return files | made | report.files_of(page, made)


def _side_by_side(verdicts: Sequence[Verdict], level: float) -> dict[str, bytes]:
    ranked = sorted(verdicts, key=lambda v: -v.overall["auc_macro"])
    rows = [
        (v.run.name, v.overall["auc_macro"], v.intervals.get("auc_macro", _UNKNOWN)) for v in ranked
    ]
    return drawing.of_runs(rows, "macro ROC-AUC", level)


def _metrics(
    verdicts: Sequence[Verdict], best: str, spec: EvaluateSpec, data: Dataset | None
) -> Mapping[str, Any]:
    return {
        "kind": "classification",
        "best": best,
        "data_digest": data.digest if data else None,
        "bootstrap": {
            "count": spec.bootstrap,
            "resample": spec.resample,
            "level": spec.level,
            "seed": spec.seed,
        },
        "runs": {v.run.name: _run_metrics(v) for v in verdicts},
    }


def _run_metrics(v: Verdict) -> Mapping[str, Any]:
    return {
        "records": len(v.run.test.ids),
        "classes": list(v.run.classes),
        "overall": v.overall,
        "intervals": v.intervals,
        "rejected_resamples": v.rejected,
        "thresholds_from": v.threshold_source,
        "per_class": v.per_class,
        "notes": v.notes,
    }
