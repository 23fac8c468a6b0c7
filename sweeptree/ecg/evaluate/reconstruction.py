"""The files of an evaluation of predicted signals, per run and over all runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate import bootstrap, drawing, report, tables, waves
from sweeptree.ecg.evaluate.naming import slug
from sweeptree.ecg.evaluate.outcome import Outcome
from sweeptree.ecg.evaluate.predictions import Waves
from sweeptree.ecg.evaluate.report import Report
from sweeptree.ecg.evaluate.spec import EvaluateSpec
from sweeptree.ecg.evaluate.units import AS_SAVED, scale_of
from sweeptree.ecg.evaluate.waves import WaveVerdict
from sweeptree.ecg.manifest import json_bytes

_UNKNOWN = (math.nan, math.nan)


def reconstruction(
    spec: EvaluateSpec, runs: Sequence[Waves], data: Dataset | None
) -> Outcome[WaveVerdict]:
    """Judge runs of signals. Raises UsageError where they cannot be judged or compared."""
    verdicts = [_judged(run, spec, data) for run in runs]
    best = max(verdicts, key=_rank).run.name
    files: dict[str, bytes] = {}
    for v in verdicts:
        folder = "" if len(verdicts) == 1 else f"runs/{slug(v.run.name)}/"
        run_files = _run_files(v, spec, data)
        files |= {f"{folder}{name}": content for name, content in run_files.items()}
    if len(verdicts) > 1:
        files |= _files_of_many(verdicts, spec)
    files["metrics.json"] = json_bytes(report.clean(_metrics(verdicts, best, spec, data)))
    return Outcome("reconstruction", verdicts, best, files)


def _judged(run: Waves, spec: EvaluateSpec, data: Dataset | None) -> WaveVerdict:
    return waves.judge_waves(run, scale_of(run, data), _draw(run, spec, data), spec.level)


def _rank(v: WaveVerdict) -> float:
    r = v.overall["r"]
    return -2.0 if math.isnan(r) else r


def _draw(run: Waves, spec: EvaluateSpec, data: Dataset | None) -> bootstrap.Draw | None:
    """By patient where patients are known, else by record."""
    if not spec.bootstrap:
        return None
    no_labels = np.zeros((len(run.true), 1), np.uint8)
    if data is None or run.ids is None:
        return bootstrap.draw(no_labels, spec.bootstrap, "skip-empty", seed=spec.seed)
    patients = data.patients_of(run.ids)
    return bootstrap.draw(no_labels, spec.bootstrap, "patient", seed=spec.seed, patients=patients)


def _lead(v: WaveVerdict, spec: EvaluateSpec, data: Dataset | None) -> list[str]:
    lines = [f"{len(v.run.true):,} records, {len(v.leads)} leads: {v.run.name}"]
    if spec.bootstrap:
        by = "record" if data is None else "patient"
        lines.append(
            f"{spec.level * 100:g} % intervals from {spec.bootstrap:,} resamples by {by}, "
            f"seed {spec.seed}"
        )
    if v.unit == AS_SAVED:
        lines.append("unit as saved: without a dataset neither unit nor signals can be checked")
    else:
        lines.append(f"y_true is the dataset's signal; scaling: {v.scale.name}")
    return lines


def _run_files(v: WaveVerdict, spec: EvaluateSpec, data: Dataset | None) -> dict[str, bytes]:
    made = drawing.of_signals(v) if spec.figures else {}
    files = {"per_lead.csv": report.to_csv(tables.lead_rows(v))}
    sections = [tables.wave_section(v), tables.lead_section(v)]
    page = Report(f"Evaluation of {v.run.name}", _lead(v, spec, data), sections)
    return files | made | report.files_of(page, made)


def _files_of_many(verdicts: Sequence[WaveVerdict], spec: EvaluateSpec) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    sections = [tables.wave_runs_section(verdicts)]
    if spec.compare and spec.bootstrap:
        differences = waves.compare_waves(verdicts, spec.level)
        sections.append(tables.wave_difference_section(differences))
        files["comparison.csv"] = report.to_csv([asdict(d) for d in differences])
    made = _side_by_side(verdicts, spec.level) if spec.figures else {}
    page = Report("Evaluation", [f"{len(verdicts)} runs"], sections)
    return files | made | report.files_of(page, made)


def _side_by_side(verdicts: Sequence[WaveVerdict], level: float) -> dict[str, bytes]:
    rows = [(v.run.name, v.overall["r"], v.intervals.get("r", _UNKNOWN)) for v in verdicts]
    return drawing.of_runs(rows, "Pearson r", level)


def _metrics(
    verdicts: Sequence[WaveVerdict], best: str, spec: EvaluateSpec, data: Dataset | None
) -> Mapping[str, Any]:
    return {
        "kind": "reconstruction",
        "best": best,
        "data_digest": data.digest if data else None,
        "bootstrap": {"count": spec.bootstrap, "level": spec.level, "seed": spec.seed},
        "runs": {v.run.name: _run_metrics(v) for v in verdicts},
    }


def _run_metrics(v: WaveVerdict) -> Mapping[str, Any]:
    return {
        "records": len(v.run.true),
        "leads": list(v.leads),
        "unit": v.unit,
        "scaling": v.scale.name,
        "overall": v.overall,
        "intervals": v.intervals,
        "per_lead": v.per_lead,
    }
