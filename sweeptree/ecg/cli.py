"""The two command lines of the ECG part; data to stdout, progress to stderr. Registered by sweeptree.cli."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from sweeptree.ecg.bootstrap import Resample
from sweeptree.ecg.curator import curate, describe
from sweeptree.ecg.evaluator import EvaluateSpec, EvaluationReport, evaluate
from sweeptree.ecg.manifest import CurateSpec
from sweeptree.ecg.plan import describe_plan, plan
from sweeptree.ecg.progress import TextReporter
from sweeptree.errors import UsageError
from sweeptree.model import Border
from sweeptree.settings import Settings

DEFAULT_DATA = Path("data/processed")


def curate_command(
    spec: Annotated[CurateSpec | None, Parameter(name="*")] = None, *, dry_run: bool = False, json: bool = False
) -> int:
    """Fetch, verify and build PTB-XL into data/processed, all or nothing.

    Parameters
    ----------
    dry_run
        Say what would be fetched, checked and written; change nothing.
    json
        Print one JSON document: the manifest, or the plan.
    """
    spec = spec or CurateSpec()
    if spec.source is None and (known := Settings().ptbxl):
        spec = spec.model_copy(update={"source": str(known)})
    if dry_run:
        found = plan(spec)
        _print(found.model_dump_json(indent=1) if json else "\n".join(describe_plan(found)))
        return 0
    manifest = curate(spec, TextReporter())
    _print(manifest.model_dump_json(indent=1) if json else "\n".join(describe(manifest, spec.out)))
    return 0


class EvaluateOptions(Border):
    """The options of `evaluate`, as flags."""

    data: Path | None = Field(default=None, description="The curated dataset; default: data/processed where it stands.")
    compare: bool = Field(default=False, description="Compare the runs pairwise on the same resamples.")
    bootstrap: int = Field(default=1000, description="Resamples for the intervals; 0: none.")
    resample: Resample = Field(default="reject", description="How records are resampled.")
    level: float = Field(default=0.95, description="Level of the intervals.")
    logits: bool = Field(default=False, description="The scores are logits: take their sigmoid as probability.")
    seed: int = Field(default=0, description="Seed of the resampling.")
    figures: bool = Field(default=True, description="Draw the figures (SVG and PNG).")
    out: Path | None = Field(default=None, description="Where results go; default: evaluation/ beside the predictions.")


def evaluate_command(
    *predictions: Path,
    options: Annotated[EvaluateOptions | None, Parameter(name="*")] = None,
    json: bool = False,
) -> int:
    """Judge predictions: scores with intervals, tables, figures and a report.

    Parameters
    ----------
    predictions
        predictions.npz, diagnostic_preds.csv, or folders that hold them (or y_true.npy and y_pred.npy).
    json
        Print one JSON document instead of the summary.
    """
    if not predictions:
        raise UsageError("no predictions were given", hint="sweeptree evaluate results/EXP")
    options = options or EvaluateOptions()
    data = options.data or (DEFAULT_DATA if (DEFAULT_DATA / "manifest.json").is_file() else None)
    values = options.model_dump() | {"predictions": predictions, "data": data}
    try:
        spec = EvaluateSpec.model_validate(values)
    except ValueError as error:
        raise UsageError(f"an option makes no sense: {error}", hint="sweeptree evaluate --help") from error
    found = evaluate(spec)
    _print(found.model_dump_json(indent=1) if json else summary(found))
    return 0


def summary(found: EvaluationReport) -> str:
    """What an evaluation came to, for a terminal."""
    main = "auc_macro" if found.kind == "classification" else "r"
    width = max(map(len, found.runs))
    lines = [f"{name:<{width}}  {_number(scores.get(main))}" for name, scores in found.runs.items()]
    head = f"{'run':<{width}}  {'macro ROC-AUC' if main == 'auc_macro' else 'Pearson r'}"
    notes = [f"note: {text}" for text in found.warnings]
    return "\n".join([head, *lines, *notes, f"best: {found.best}", f"report: {found.out / 'report.html'}"])


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
