"""An evaluation command that makes the predictions first: a sweep of one job.

Hides: what such a sweep looks like, where its predictions are found, and how its end is told. It
runs nothing itself; the evaluator's flow hands the sweep to the Experiment Orchestrator.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sweeptree.analysis.aggregate.rows import log_tail
from sweeptree.ecg.evaluate import predictions
from sweeptree.errors import SweeptreeError, UsageError
from sweeptree.model import JobRecord, JobState, SweepSpec
from sweeptree.model.fields import Border, Command, ExpName
from sweeptree.model.text import parse_duration
from sweeptree.records import SweepPaths, read_record

_INTERRUPTED = 130
_LAST_LINES = 20


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except UsageError as error:
        raise ValueError("; ".join([error.message, *error.hint])) from error


Seconds = Annotated[float, BeforeValidator(_seconds)]


class CommandSpec(Border):
    """How predictions are made, where a command makes them."""

    command: Command | None = Field(
        default=None,
        description="A command that makes the predictions: run first, in a worktree of its own.",
    )
    exp_name: ExpName | None = Field(
        default=None,
        description="Name of the command's results; default: evaluate- and the time (UTC).",
    )
    repo: Path = Field(
        default=Path(),
        description="A folder inside the git repository whose code the command runs.",
    )
    base: str = Field(
        default="HEAD",
        min_length=1,
        description="The commit, branch or tag that the command runs at.",
    )
    dirty: Literal["refuse", "snapshot", "ignore"] = Field(
        default="refuse",
        description="Uncommitted changes: refuse to start, carry them, or go without them.",
    )
    setup: str | None = Field(
        default=None, description="A shell command run in the worktree before the command."
    )
    timeout: Seconds | None = Field(
        default=None, gt=0, description="Longest time for the command: 90s, 30m, 2h, or seconds."
    )
    gpus: int | None = Field(
        default=None, ge=0, description="GPUs for the command; default: 1 where there are any."
    )
    results_dir: Path | None = Field(
        default=None,
        description="Where the command's results go; default: results/ at the top of the "
        "repository.",
    )


class CommandFailed(SweeptreeError):  # noqa: N818 - says what is the case
    """The evaluation command did not succeed, so there is nothing to judge.

    130 when it was interrupted.
    """

    def __init__(self, message: str, *, code: int = 1, hint: tuple[str, ...]) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = code


def default_name(now: datetime) -> str:
    """The name of an evaluation's results when none was given."""
    return f"evaluate-{now.astimezone(UTC):%Y%m%d-%H%M%S}"


def as_sweep(spec: CommandSpec) -> SweepSpec:
    """The sweep of one job that runs the command. Raises UsageError without a command."""
    if spec.command is None:
        raise UsageError(
            "there is no command to run",
            hint="sweeptree evaluate --command 'python scripts/evaluate.py'",
        )
    return SweepSpec(
        exp_name=spec.exp_name or default_name(datetime.now(UTC)),
        commands=(spec.command,),
        use_worktree=True,
        parallel=1,
        repo=spec.repo,
        base=spec.base,
        dirty=spec.dirty,
        setup=spec.setup,
        timeout=spec.timeout,
        gpus=spec.gpus,
        results_dir=spec.results_dir,
    )


def made(paths: SweepPaths) -> Path:
    """The folder that holds the command's predictions: its artifacts and $SWEEPTREE_OUT.

    Raises CommandFailed.
    """
    record = read_record(paths.record(0))
    if record.state is not JobState.SUCCEEDED:
        raise _failed(paths, record)
    out = paths.out(0)
    if not out.is_dir() or not predictions.below(out):
        raise _made_nothing(paths, record)
    return out


def _made_nothing(paths: SweepPaths, record: JobRecord) -> CommandFailed:
    headline = "the command succeeded, but made no predictions"
    if record.artifacts:
        headline += f"; it made {', '.join(record.artifacts[:5])}"
    notes = [f"  {note}" for note in record.notes[:5]]
    return CommandFailed(
        "\n".join([headline, *notes, *_last_lines(paths, record)]),
        hint=(
            "write predictions.npz, diagnostic_preds.csv, or y_true.npy with y_pred.npy",
            "below the folder that the command starts in, or into $SWEEPTREE_OUT",
        ),
    )


def _failed(paths: SweepPaths, record: JobRecord) -> CommandFailed:
    name = paths.root.name
    interrupted = record.state is JobState.CANCELLED
    end = "was interrupted" if interrupted else f"failed: {record.reason or record.state}"
    return CommandFailed(
        "\n".join([f"the evaluation command {end}", *_last_lines(paths, record)]),
        code=_INTERRUPTED if interrupted else 1,
        hint=(
            f"sweeptree logs {name}   has all that it printed",
            f"sweeptree resume {name} --failed   runs it again",
            f"then: sweeptree evaluate {paths.root}",
        ),
    )


def _last_lines(paths: SweepPaths, record: JobRecord) -> list[str]:
    text = log_tail(paths, record).replace("\r", "\n").expandtabs(4)
    lines = [line for line in map(str.rstrip, text.splitlines()) if line]
    return [f"  | {_plain(line)}" for line in lines[-_LAST_LINES:]]


def _plain(line: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in line)
