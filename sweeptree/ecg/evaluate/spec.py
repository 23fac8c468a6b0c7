"""What to evaluate and how, and what an evaluation came to."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from sweeptree.ecg.evaluate import predictions
from sweeptree.ecg.evaluate.bootstrap import Resample
from sweeptree.ecg.evaluate.command import CommandSpec, made
from sweeptree.model.report import Report
from sweeptree.records import SweepPaths

OUT_NAME = "evaluation"


class JudgeSpec(CommandSpec):
    """How predictions are judged, wherever they come from."""

    data: Path | None = Field(
        default=None,
        description="The curated dataset that the runs were made with; on the command line "
        "data/processed by default.",
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
        description="Judge together also runs that were made with different versions of the "
        "dataset.",
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
        if self.out is not None:
            return self.out
        first = self.predictions[0]
        inside = first.is_dir() and not (first / predictions.PRED_NAME).exists()
        return (first if inside else first.parent) / OUT_NAME

    def judging(self, paths: SweepPaths) -> EvaluateSpec:
        """The same evaluation of what its command has made by now. Raises CommandFailed."""
        out = self.out or paths.root / OUT_NAME
        return self.model_copy(update={"predictions": (made(paths),), "command": None, "out": out})


class EvaluationReport(Report):
    """What an evaluation came to."""

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
