"""`sweeptree evaluate`: the Diagnostic Evaluator, for predictions or a command that makes them.

Hides: that predictions are judged at once, while a command goes through Prefect, as a sweep does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import printable, say, write_out
from sweeptree.ecg.evaluate.command import as_sweep, default_name
from sweeptree.ecg.evaluate.evaluator import evaluate as judge
from sweeptree.ecg.evaluate.predictions import find
from sweeptree.ecg.evaluate.spec import EvaluateSpec, EvaluationReport, JudgeSpec
from sweeptree.ecg.evaluate.tables import NAMES, with_interval
from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import PreparedSweep, must_start, prepare

DEFAULT_DATA = Path("data/processed")
_SHOWN = {"classification": ("auc_macro", "ap_macro"), "reconstruction": ("r", "mae")}


def evaluate(
    *predictions: Path,
    options: Annotated[JudgeSpec | None, Parameter(name="*")] = None,
    dry_run: Annotated[bool, FLAG] = False,
    json: Annotated[bool, FLAG] = False,
) -> int:
    """Judge predictions: scores with intervals, tables, figures and a report.

    Parameters
    ----------
    predictions
        predictions.npz, diagnostic_preds.csv, or folders that hold them (or y_true.npy and
        y_pred.npy).
    dry_run
        Say what would be run and judged; change nothing.
    json
        Print one JSON document instead of the summary.
    """
    spec = _spec(predictions, options or JudgeSpec())
    prepared = None if spec.command is None else prepare(as_sweep(spec), Settings())
    if dry_run:
        return _show_plan(spec, prepared)
    if prepared is None:
        return _show(judge(spec), as_json=json)
    _refuse_earlier(prepared)
    return _run_command(spec, must_start(prepared), as_json=json)


def _spec(predictions: tuple[Path, ...], options: JudgeSpec) -> EvaluateSpec:
    _check_source(predictions, options)
    results_dir = options.results_dir
    values = options.model_dump() | {
        "predictions": predictions,
        "data": options.data or _default_data(),
        "exp_name": options.exp_name or _default_name(options),
        "repo": Path.cwd() / options.repo,
        "results_dir": Path.cwd() / results_dir if results_dir else None,
    }
    return EvaluateSpec.model_validate(values)


def _check_source(predictions: tuple[Path, ...], options: JudgeSpec) -> None:
    has_command = options.command is not None
    if predictions and has_command:
        raise UsageError(
            "give predictions or --command, not both", hint="sweeptree evaluate --help"
        )
    if not predictions and not has_command:
        raise UsageError(
            "no predictions were given",
            hint=(
                "sweeptree evaluate results/EXP",
                "or --command 'python scripts/evaluate.py', which makes them",
            ),
        )


def _default_data() -> Path | None:
    return DEFAULT_DATA if (DEFAULT_DATA / "manifest.json").is_file() else None


def _default_name(options: JudgeSpec) -> str | None:
    return None if options.command is None else default_name(datetime.now(UTC))


def _refuse_earlier(prepared: PreparedSweep) -> None:
    root = prepared.paths.root
    if prepared.paths.sweep.exists():
        raise Refused(
            f"{root} holds the results of an earlier command",
            hint=(
                f"sweeptree evaluate {root}   judges what it made",
                "or choose another --exp_name",
            ),
        )


def _show_plan(spec: EvaluateSpec, prepared: PreparedSweep | None) -> int:
    if prepared is not None:
        from sweeptree.cli.screens.plan import plan_screen, plan_view

        write_out(plan_screen(plan_view(prepared), everything=True))
        return 0
    found = find(spec.predictions)
    lines = [f"judge   {printable(str(path))}" for path in found]
    dataset = printable(str(spec.data)) if spec.data else "none: ids and labels cannot be checked"
    lines += [
        f"data    {dataset}",
        f"write   {printable(str(spec.out_folder))}",
        "dry run: nothing was changed",
    ]
    write_out("\n".join(lines) + "\n")
    return 0


def _run_command(spec: EvaluateSpec, prepared: PreparedSweep, *, as_json: bool) -> int:
    """Run the command through Prefect, then judge what it made."""
    from sweeptree.cli.commands.run import interruptible
    from sweeptree.cli.screens.live import LiveView
    from sweeptree.engine import connect

    paths, job = prepared.paths, prepared.jobs[0]
    with connect.connected(Settings()) as connected:
        from sweeptree.agents.diagnostic_evaluator import diagnostic_evaluator

        connect.say(f"{prepared.spec.exp_name}: {printable(job.command)}   {connected.ui_url}")
        rows = [{"id": 0, "config_id": job.config_id, "seed": job.seed}]
        try:
            with interruptible(paths), LiveView(paths, rows, metric=None):
                found = diagnostic_evaluator(spec)
        except SweeptreeError as error:
            connect.leave_in_time(error.exit_code)
            raise
        except Exception as error:  # the engine's trouble must not hide what the command made
            what = type(error).__name__
            say(f"! the Prefect server failed: {what}; judging what the records have")
            found = judge(spec.judging(paths))
    connect.leave_in_time(0)
    return _show(found, as_json=as_json)


def _show(found: EvaluationReport, *, as_json: bool) -> int:
    write_out((found.model_dump_json(indent=1) if as_json else summary(found)) + "\n")
    return 0


def summary(found: EvaluationReport) -> str:
    """What an evaluation came to: the runs from best to worst, with their intervals."""
    lines = [
        *_run_lines(found),
        *(f"note: {text}" for text in found.warnings),
        f"best: {found.best}",
        f"report: {found.out / 'report.html'}",
    ]
    return "\n".join(printable(line) for line in lines)


def _run_lines(found: EvaluationReport) -> list[str]:
    """The runs in columns."""
    scores = _SHOWN[found.kind]
    runs = sorted(found.runs, key=lambda run: _rank(found.runs[run].get(scores[0])), reverse=True)
    rows = [("run", *(NAMES[score] for score in scores))]
    rows += [(run, *(_score(found, run, score) for score in scores)) for run in runs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_padded(row, widths) for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return "  ".join(cells).rstrip()


def _rank(value: float | None) -> float:
    return -math.inf if value is None else value


def _score(found: EvaluationReport, run: str, score: str) -> str:
    low, high = found.intervals[run].get(score, (None, None))
    interval = None if low is None or high is None else (low, high)
    value = found.runs[run].get(score)
    return with_interval(math.nan if value is None else value, interval)
