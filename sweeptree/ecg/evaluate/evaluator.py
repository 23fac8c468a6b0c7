"""Diagnostic Evaluator: from predictions to tables, figures and a report that a paper can use.

Hides: the order of steps. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sweeptree.ecg.dataset import Dataset, load, read_json
from sweeptree.ecg.evaluate import drawing, naming, predictions
from sweeptree.ecg.evaluate.classification import classification
from sweeptree.ecg.evaluate.judge import Verdict
from sweeptree.ecg.evaluate.outcome import Outcome
from sweeptree.ecg.evaluate.predictions import Predictions, Waves
from sweeptree.ecg.evaluate.reading import read
from sweeptree.ecg.evaluate.reconstruction import reconstruction
from sweeptree.ecg.evaluate.spec import EvaluateSpec, EvaluationReport
from sweeptree.ecg.evaluate.waves import WaveVerdict
from sweeptree.errors import Refused, UsageError
from sweeptree.system.files import write_bytes


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
    outcome = _judged(paths, data, spec)
    _write(spec.out_folder, outcome.files)
    report = outcome.report(spec.out_folder, data)
    return report.model_copy(update={"warnings": (*mixed, *report.warnings)})


def check(spec: EvaluateSpec) -> None:
    """Raise UsageError for what would only be found after a long command."""
    if spec.data is not None:
        load(spec.data)
    if spec.figures:
        drawing.check()


def _judged(
    paths: Sequence[Path], data: Dataset | None, spec: EvaluateSpec
) -> Outcome[Verdict] | Outcome[WaveVerdict]:
    names = naming.names_of(paths)
    runs = [read(path, name, data) for path, name in zip(paths, names, strict=True)]
    labelled = [run for run in runs if isinstance(run, Predictions)]
    signals = [run for run in runs if isinstance(run, Waves)]
    if labelled and signals:
        raise UsageError(
            "both class scores and signals were found", hint="evaluate them one after the other"
        )
    if labelled:
        return classification(spec, labelled, data)
    return reconstruction(spec, signals, data)


def _mixed_data(paths: Sequence[Path], data: Dataset | None, spec: EvaluateSpec) -> list[str]:
    """A warning when runs of different data were asked for, else a UsageError."""
    digests = dict.fromkeys(naming.digests_of(paths))
    if data is not None and digests:
        digests[data.digest] = None
    if len(digests) < 2:
        return []
    named = " and ".join(digest[:12] for digest in digests)
    if spec.mix_data:
        return [f"the runs were made with different data ({named})"]
    raise UsageError(
        f"the runs were made with different data ({named}), as their jobs' records say; "
        "they cannot be compared",
        hint=(
            "give the runs of one dataset, and that dataset as --data",
            "or judge them together all the same: --mix_data",
        ),
    )


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    _refuse_strangers(out, files)
    try:
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content, durable=False)
    except OSError as error:
        raise Refused(
            f"{out} cannot be written: {error.strerror}", hint="choose another place with --out"
        ) from error


def _refuse_strangers(out: Path, files: Mapping[str, bytes]) -> None:
    """Never replace a file that no evaluation made, such as a training's own metrics.json."""
    present = [name for name in files if (out / name).exists()]
    if present and not _is_evaluation(out):
        raise Refused(
            f"{out} holds {', '.join(sorted(present)[:5])}, and is not of an earlier evaluation",
            hint="choose another place with --out",
        )


def _is_evaluation(out: Path) -> bool:
    try:
        metrics = read_json(out / "metrics.json")
    except UsageError:
        return False
    return {"kind", "best", "runs"} <= set(metrics)
