"""Diagnostic Evaluator: from predictions to tables, figures and a report that a paper can use.

Hides: the order of steps and the names of the output files. The same input gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sweeptree.ecg.dataset import Dataset, load, read_json
from sweeptree.ecg.evaluate import bootstrap, compare, predictions, report, waves
from sweeptree.ecg.evaluate.bootstrap import Resample
from sweeptree.ecg.evaluate.command import CommandSpec, made
from sweeptree.ecg.evaluate.judge import Options, Verdict, judge
from sweeptree.ecg.evaluate.predictions import Predictions, Waves
from sweeptree.ecg.manifest import json_bytes
from sweeptree.errors import Refused, UsageError
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_bytes

OUT_NAME = "evaluation"

EACH_RUN = "Each run has a report of its own, with figures, in runs/ beside this file."


class JudgeSpec(CommandSpec):
    """How predictions are judged, wherever they come from."""

    data: Path | None = Field(
        default=None,
        description="The curated dataset that the runs were made with; on the command line data/processed by default.",
    )
    compare: bool = Field(
        default=False, description="Compare the runs pairwise on the same resamples."
    )
    bootstrap: int = Field(
        default=1000, ge=0, le=100_000, description="Resamples for the intervals; 0: none."
    )
    resample: Resample = Field(default="reject", description="How records are resampled.")
    level: float = Field(default=0.95, gt=0, lt=1, description="Level of the intervals.")
    logits: bool = Field(
        default=False, description="The scores are logits: take their sigmoid as probability."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the resampling.")
    figures: bool = Field(default=True, description="Draw the figures (SVG and PNG).")
    mix_data: bool = Field(
        default=False,
        description="Judge together also runs that were made with different versions of the dataset.",
    )
    out: Path | None = Field(
        default=None, description="Where results go; default: evaluation/ beside the predictions."
    )


class EvaluateSpec(JudgeSpec):
    """What to evaluate and how: predictions that are there, or the command that makes them."""

    predictions: tuple[Path, ...] = Field(
        default=(),
        description="predictions.npz, diagnostic_preds.csv or folders; or give a command.",
    )

    @model_validator(mode="after")
    def _has_predictions(self) -> EvaluateSpec:
        if bool(self.predictions) == (self.command is not None):
            raise ValueError("give predictions, or a command that makes them")
        return self

    @property
    def out_folder(self) -> Path:
        """Where the results go: as told, else evaluation/ beside the first predictions."""
        first = self.predictions[0]
        inside = first.is_dir() and not (first / predictions.PRED_NAME).exists()
        return self.out or (first if inside else first.parent) / OUT_NAME

    def judging(self, paths: SweepPaths) -> EvaluateSpec:
        """The same evaluation of what its command has made by now. Raises CommandFailed."""
        out = self.out or paths.root / OUT_NAME
        return self.model_copy(update={"predictions": (made(paths),), "command": None, "out": out})


class EvaluationReport(BaseModel):
    """What an evaluation came to."""

    model_config = ConfigDict(frozen=True)

    out: Path
    kind: str = Field(description="classification or reconstruction")
    data_digest: str | None
    runs: dict[str, dict[str, float | None]] = Field(description="Overall scores per run.")
    intervals: dict[str, dict[str, tuple[float | None, float | None]]] = Field(
        description="Their bootstrap intervals; a score without one has no entry."
    )
    best: str = Field(
        description="The run with the highest macro ROC-AUC, or the highest Pearson r."
    )
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    markdown: str = Field(description="report.md, for a pull request or the Prefect UI.")


def evaluate(spec: EvaluateSpec) -> EvaluationReport:
    """Judge every run that the spec names and write the results to one folder.

    Raises UsageError when predictions cannot be judged honestly (NaN, leak, unknown ids ...),
    before any is written. A command is not run here: see `judging`.
    """
    if spec.command is not None:
        raise UsageError(
            "the command has not been run", hint="sweeptree evaluate --command runs it"
        )
    paths = predictions.find(spec.predictions)
    data = load(spec.data) if spec.data is not None else None
    mixed = _mixed_data(paths, data, spec)
    runs = [
        predictions.read(path, name, data)
        for path, name in zip(paths, predictions.names_of(paths), strict=True)
    ]
    out = spec.out_folder
    labelled = [run for run in runs if isinstance(run, Predictions)]
    drawn = [run for run in runs if isinstance(run, Waves)]
    if labelled and drawn:
        raise UsageError(
            "both class scores and signals were found", hint="evaluate them one after the other"
        )
    files, result = (
        _classification(spec, labelled, data) if labelled else _reconstruction(spec, drawn, data)
    )
    _write(out, files)
    warnings = (*mixed, *result.warnings)
    return result.model_copy(
        update={"out": out, "files": tuple(sorted(files)), "warnings": warnings}
    )


def _mixed_data(paths: Sequence[Path], data: Dataset | None, spec: EvaluateSpec) -> list[str]:
    """A warning when the runs were made with different data and that was asked for; else a
    UsageError."""
    digests = dict.fromkeys(predictions.digests_of(paths))
    if data is not None and digests:
        digests[data.digest] = None
    if len(digests) < 2:
        return []
    named = " and ".join(digest[:12] for digest in digests)
    if spec.mix_data:
        return [f"the runs were made with different data ({named})"]
    raise UsageError(
        f"the runs were made with different data ({named}), as their jobs' records say; they cannot be compared",
        hint=(
            "give the runs of one dataset, and that dataset as --data",
            "or judge them together all the same: --mix_data",
        ),
    )


def check(spec: EvaluateSpec) -> None:
    """Raise UsageError for what would only be found after a long command: no such dataset, no
    matplotlib."""
    if spec.data is not None:
        load(spec.data)
    if spec.figures:
        _drawn("figures")


def _drawn(name: str) -> Any:
    """A module that draws. It needs matplotlib, which only drawing asks for."""
    try:
        return importlib.import_module(f"sweeptree.ecg.evaluate.{name}")
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise UsageError(
            "the figures need matplotlib, which is not installed",
            hint=("pip install 'sweeptree[ecg]'", "or go without: --no-figures"),
        ) from error


def _forest(rows: Any, label: str, level: float) -> Any:
    figures = _drawn("figures")
    return figures.files(figures.forest(rows, label, level), "runs")


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content, durable=False)
    except OSError as error:
        raise Refused(
            f"{out} cannot be written: {error.strerror}", hint="choose another place with --out"
        ) from error


def slug(name: str) -> str:
    """A run's name as a folder's name, distinct for distinct names."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:60] or "run"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


# classification


def _classification(
    spec: EvaluateSpec, runs: Sequence[Predictions], data: Dataset | None
) -> tuple[dict[str, bytes], EvaluationReport]:
    options = Options(spec.bootstrap, spec.resample, spec.level, spec.logits, spec.seed)
    draws: dict[str, bootstrap.Draw | None] = {}
    verdicts = [judge(run, _draw(run, options, data, draws), options, data) for run in runs]
    files: dict[str, bytes] = {}
    for v in verdicts:
        files.update(
            _run_files(v, spec, data, "" if len(verdicts) == 1 else f"runs/{slug(v.run.name)}/")
        )
    if len(verdicts) > 1:
        files.update(_many_files(verdicts, spec, data))
    best = max(
        verdicts,
        key=lambda v: -1.0 if math.isnan(v.overall["auc_macro"]) else v.overall["auc_macro"],
    )
    files["metrics.json"] = json_bytes(report.clean(_metrics(verdicts, spec, data, best.run.name)))
    return files, _answer("classification", verdicts, best.run.name, data, files)


def _draw(
    run: Predictions,
    options: Options,
    data: Dataset | None,
    cache: dict[str, bootstrap.Draw | None],
) -> bootstrap.Draw | None:
    """Runs on the same records share one set of resamples: that is what makes differences paired."""
    if not options.count:
        return None
    key = hashlib.sha256(run.test.ids.tobytes() + run.test.true.tobytes()).hexdigest()
    if key not in cache:
        patients = _patients(run.test.ids, data) if data is not None else None
        cache[key] = bootstrap.draw(
            run.test.true, options.count, options.how, seed=options.seed, patients=patients
        )
    return cache[key]


def _patients(ids: Any, data: Dataset) -> list[str]:
    row_of = {int(ecg_id): number for number, ecg_id in enumerate(data.ecg_ids)}
    rows = [data.rows[row_of[int(i)]] for i in ids]
    return [row["patient_id"] or f"record {row['ecg_id']}" for row in rows]


def _lead(verdicts: Sequence[Verdict], spec: EvaluateSpec, data: Dataset | None) -> list[str]:
    sizes = Counter((len(v.run.test.ids), len(v.run.classes)) for v in verdicts)
    lines = [
        f"{runs} {'run' if runs == 1 else 'runs'} on {records:,} test records, {classes} classes"
        for (records, classes), runs in sizes.items()
    ]
    if spec.bootstrap:
        lines.append(
            f"{spec.level * 100:g} % intervals from {spec.bootstrap:,} resamples ({spec.resample}, seed {spec.seed}), "
            f"{max(v.rejected for v in verdicts):,} rejected"
        )
    if data is not None:
        lines.append(
            f"dataset {data.manifest['dataset']} {data.manifest['version']}, digest {data.digest[:12]}"
        )
    return lines


def _run_files(
    v: Verdict, spec: EvaluateSpec, data: Dataset | None, prefix: str
) -> dict[str, bytes]:
    made = _drawn("figures").all_figures(v) if spec.figures else {}
    sections = [report.overall_section(v), report.class_section(v)]
    files = {"per_class.csv": report.to_csv(report.per_class_rows(v)), **made}
    if v.subgroups:
        sections.append(report.subgroup_section(v))
        files["subgroups.csv"] = report.to_csv(v.subgroups)
    files.update(_reports(f"Evaluation of {v.run.name}", _lead([v], spec, data), sections, made))
    return {f"{prefix}{name}": content for name, content in files.items()}


def _many_files(
    verdicts: Sequence[Verdict], spec: EvaluateSpec, data: Dataset | None
) -> dict[str, bytes]:
    configs = compare.over_seeds(verdicts)
    sections = [report.config_section(configs), _runs_section(verdicts)]
    files = {"seeds.csv": report.to_csv(report.config_rows(configs))}
    if spec.compare:
        differences = compare.compare(verdicts, spec.level)
        sections.append(report.difference_section(differences))
        files["comparison.csv"] = report.to_csv(report.comparison_rows(differences))
    ranked = sorted(verdicts, key=lambda v: -v.overall["auc_macro"])
    rows = [
        (v.run.name, v.overall["auc_macro"], v.intervals.get("auc_macro", (math.nan, math.nan)))
        for v in ranked
    ]
    made = _forest(rows, "macro ROC-AUC", spec.level) if spec.figures else {}
    return {**files, **made, **_reports("Evaluation", _lead(verdicts, spec, data), sections, made)}


def _runs_section(verdicts: Sequence[Verdict]) -> report.Section:
    names = [n for n in ("auc_macro", "ap_macro", "f1_macro", "brier") if n in verdicts[0].overall]
    rows = [
        [v.run.name, *(report.with_interval(v.overall[n], v.intervals.get(n)) for n in names)]
        for v in sorted(verdicts, key=lambda v: -v.overall["auc_macro"])
    ]
    return "Runs", ("run", *(report.NAMES[n] for n in names)), rows, [EACH_RUN]


def _reports(
    title: str, lead: Sequence[str], sections: Sequence[report.Section], made: Mapping[str, bytes]
) -> dict[str, bytes]:
    uris = {
        name: "data:image/svg+xml;base64," + base64.b64encode(made[f"{name}.svg"]).decode()
        for name in (_drawn("figures").as_names(made) if made else ())
    }
    return {
        "report.md": report.markdown(title, lead, sections, list(uris)),
        "report.html": report.page(title, lead, sections, uris),
    }


def _metrics(
    verdicts: Sequence[Verdict], spec: EvaluateSpec, data: Dataset | None, best: str
) -> dict[str, Any]:
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
        "runs": {
            v.run.name: {
                "records": len(v.run.test.ids),
                "classes": list(v.run.classes),
                "overall": v.overall,
                "intervals": v.intervals,
                "rejected_resamples": v.rejected,
                "thresholds_from": v.threshold_source,
                "per_class": v.per_class,
                "notes": v.notes,
            }
            for v in verdicts
        },
    }


def _answer(
    kind: str,
    verdicts: Sequence[Verdict | waves.WaveVerdict],
    best: str,
    data: Dataset | None,
    files: Mapping[str, bytes],
) -> EvaluationReport:
    return EvaluationReport(
        out=Path(),
        kind=kind,
        best=best,
        files=(),
        markdown=files["report.md"].decode(),
        data_digest=data.digest if data else None,
        runs={v.run.name: report.clean(v.overall) for v in verdicts},
        intervals={v.run.name: report.clean(v.intervals) for v in verdicts},
        warnings=tuple(
            f"{v.run.name}: {n}" for v in verdicts if isinstance(v, Verdict) for n in v.notes
        ),
    )


# reconstruction


def _reconstruction(
    spec: EvaluateSpec, runs: Sequence[Waves], data: Dataset | None
) -> tuple[dict[str, bytes], EvaluationReport]:
    scale = _scale(data)
    verdicts = [
        waves.judge_waves(run, scale, _wave_draw(run, spec, data), spec.level) for run in runs
    ]
    files: dict[str, bytes] = {}
    for v in verdicts:
        files.update(
            _wave_files(
                v, spec, data is not None, "" if len(verdicts) == 1 else f"runs/{slug(v.run.name)}/"
            )
        )
    if len(verdicts) > 1:
        rows = [
            (v.run.name, v.overall["r"], v.intervals.get("r", (math.nan, math.nan)))
            for v in verdicts
        ]
        made = _forest(rows, "Pearson r", spec.level) if spec.figures else {}
        sections = [_wave_runs(verdicts)]
        if spec.compare and spec.bootstrap:
            differences = waves.compare_waves(verdicts, spec.level)
            sections.append(report.wave_difference_section(differences))
            files["comparison.csv"] = report.to_csv(differences)
        files.update({**made, **_reports("Evaluation", [f"{len(verdicts)} runs"], sections, made)})
    best = max(
        verdicts, key=lambda v: -2.0 if math.isnan(v.overall["r"]) else v.overall["r"]
    ).run.name
    files["metrics.json"] = json_bytes(report.clean(_wave_metrics(verdicts, spec, data, best)))
    return files, _answer("reconstruction", verdicts, best, data, files)


def _scale(data: Dataset | None) -> waves.Scale | None:
    """The scale of a dataset that was curated for reconstruction."""
    if data is None or not (data.folder / "normalization.json").exists():
        return None
    value = read_json(data.folder / "normalization.json")
    low = np.array(value["min"], np.float64)
    return waves.Scale(low, np.array(value["max"], np.float64) - low)


def _wave_draw(run: Waves, spec: EvaluateSpec, data: Dataset | None) -> bootstrap.Draw | None:
    """By patient where patients are known, else by record."""
    if not spec.bootstrap:
        return None
    nothing = np.zeros((len(run.true), 1), np.uint8)
    if data is None or run.ids is None:
        return bootstrap.draw(nothing, spec.bootstrap, "skip-empty", seed=spec.seed)
    patients = _patients(run.ids, data)
    return bootstrap.draw(nothing, spec.bootstrap, "patient", seed=spec.seed, patients=patients)


def _wave_files(
    v: waves.WaveVerdict, spec: EvaluateSpec, by_patient: bool, prefix: str
) -> dict[str, bytes]:
    made = _drawn("paper").all_figures(v) if spec.figures else {}
    lead = [f"{len(v.run.true):,} records, {len(v.leads)} leads: {v.run.name}"]
    if spec.bootstrap:
        by = "patient" if by_patient else "record"
        lead.append(
            f"{spec.level * 100:g} % intervals from {spec.bootstrap:,} resamples by {by}, seed {spec.seed}"
        )
    sections = [report.overall_section(v), report.lead_section(v)]
    files = {"per_lead.csv": report.to_csv(report.lead_rows(v)), **made}
    files.update(_reports(f"Evaluation of {v.run.name}", lead, sections, made))
    return {f"{prefix}{name}": content for name, content in files.items()}


def _wave_runs(verdicts: Sequence[waves.WaveVerdict]) -> report.Section:
    rows = [
        [
            v.run.name,
            *(report.with_interval(v.overall[n], v.intervals.get(n)) for n in waves.SCORES),
        ]
        for v in verdicts
    ]
    return "Runs", ("run", *(report.NAMES[n] for n in waves.SCORES)), rows, [EACH_RUN]


def _wave_metrics(
    verdicts: Sequence[waves.WaveVerdict], spec: EvaluateSpec, data: Dataset | None, best: str
) -> dict[str, Any]:
    return {
        "kind": "reconstruction",
        "best": best,
        "data_digest": data.digest if data else None,
        "bootstrap": {"count": spec.bootstrap, "level": spec.level, "seed": spec.seed},
        "runs": {
            v.run.name: {
                "records": len(v.run.true),
                "leads": list(v.leads),
                "unit": v.unit,
                "overall": v.overall,
                "intervals": v.intervals,
                "per_lead": v.per_lead,
            }
            for v in verdicts
        },
    }
