"""What came of a single run, from its records: how it ended, what it changed, made and used."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from sweeptree import supervise
from sweeptree.analysis.aggregate.rows import log_tail
from sweeptree.analysis.wording import printable, spoken
from sweeptree.errors import GitError, RecordError
from sweeptree.model import ExitCode, JobRecord, JobState
from sweeptree.model.report import Report, ReportState
from sweeptree.records import SweepPaths, read_record
from sweeptree.repository import differences
from sweeptree.repository.differences import FileChange

TIMED_OUT = 124  # as timeout(1) of coreutils
_BY_SIGNAL = 128  # as every shell
_DIFF_LINES = 400
_SHOWN_FILES = 50
_JOB = 0

_STATES = {
    JobState.SUCCEEDED: ReportState.DONE,
    JobState.TIMED_OUT: ReportState.TIMED_OUT,
    JobState.CANCELLED: ReportState.CANCELLED,
}


class RunReport(Report):
    """One command, or several in one worktree: how they ended and what they left."""

    name: str = Field(description="The run's name, for status, logs, cancel and resume.")
    exit_code: int = Field(
        description="That of the command that failed, else 0; 124: out of time, 130: cancelled."
    )
    command: str = Field(default="", description="The shell line that was run.")
    commit: str | None = Field(default=None, description="The commit that it ran at.")
    seconds: float | None = Field(default=None, description="From its start to the end.")
    peak_rss_mb: float | None = Field(default=None, description="Peak memory, MiB.")
    gpus: tuple[str, ...] = Field(default=(), description="The GPUs that it held.")
    gpu_seconds: float | None = Field(default=None, description="Seconds times GPUs held.")
    peak_vram_mb: float | None = Field(default=None, description="Peak GPU memory, MiB.")
    changed: tuple[FileChange, ...] = Field(
        default=(), description="Files of the commit that it changed, with added and removed lines."
    )
    diff: str = Field(
        default="", description=f"What changed in them, up to {_DIFF_LINES} changed lines."
    )
    artifacts: tuple[str, ...] = Field(
        default=(), description="Files that it made or changed, kept in job_0/artifacts."
    )
    notes: tuple[str, ...] = Field(default=(), description="What else is worth knowing.")
    worktree: Path | None = Field(
        default=None, description="The worktree, where it was kept; else it is removed."
    )
    root: Path | None = Field(default=None, description="The results; none: it was refused.")
    log_tail: str = Field(default="", description="The end of what the commands printed.")


def refused(name: str, reason: str) -> RunReport:
    """A run that did not start."""
    code = int(ExitCode.REFUSED)
    return RunReport(state=ReportState.REFUSED, reason=reason, name=name, exit_code=code)


def report_on(root: Path) -> RunReport:
    """The report on the run whose results are here."""
    paths = SweepPaths(root)
    record = _record(paths)
    worktree = _kept(record)
    changed, diff, notes = _difference(worktree, record)
    report = RunReport(
        state=_STATES.get(record.state or JobState.PLANNED, ReportState.FAILED),
        reason=record.reason or _reason(record),
        name=root.name,
        exit_code=exit_code(paths, record),
        command=record.cmd,
        commit=record.base_commit,
        seconds=record.duration_seconds,
        peak_rss_mb=record.peak_rss_mb,
        gpus=record.gpus,
        gpu_seconds=record.gpu_seconds,
        peak_vram_mb=record.peak_vram_mb,
        changed=changed,
        diff=diff,
        artifacts=record.artifacts,
        notes=(*record.notes, *notes),
        worktree=worktree,
        root=root,
        log_tail=log_tail(paths, record),
    )
    return report.model_copy(update={"markdown": _page(report)})


def _record(paths: SweepPaths) -> JobRecord:
    """The record of its only job; an empty one of a run that was stopped before it began."""
    try:
        return read_record(paths.record(_JOB))
    except RecordError:
        return JobRecord(id=_JOB, state=JobState.CANCELLED, reason="stopped before it began")


def _reason(record: JobRecord) -> str:
    if record.state is JobState.SUCCEEDED:
        return "exit code 0"
    return "stopped before its command began"


def exit_code(paths: SweepPaths, record: JobRecord) -> int:
    """What a shell would say of the command: its exit code, 128 and the signal that ended it, 124
    out of time, 130 cancelled, 1 for trouble of ours."""
    match record.state:
        case JobState.SUCCEEDED:
            return 0
        case JobState.TIMED_OUT:
            return TIMED_OUT
        case JobState.CANCELLED | JobState.PLANNED:
            return int(ExitCode.INTERRUPTED)
    signal = _signal(paths, record)
    if signal is not None:
        return _BY_SIGNAL + signal
    return record.exit_code or int(ExitCode.JOBS_FAILED)


def _signal(paths: SweepPaths, record: JobRecord) -> int | None:
    number = max((attempt.number for attempt in record.attempts), default=0)
    outcome = supervise.read_outcome(paths.attempt(_JOB, number, "outcome"))
    return outcome.signal if outcome is not None else None


def _kept(record: JobRecord) -> Path | None:
    place = Path(record.worktree) if record.worktree else None
    return place if place is not None and place.is_dir() else None


def _difference(
    worktree: Path | None, record: JobRecord
) -> tuple[tuple[FileChange, ...], str, list[str]]:
    """What differs in a kept worktree; a worktree that was removed had nothing changed."""
    if worktree is None or record.base_commit is None:
        return (), "", []
    try:
        changed = differences.lines_since(worktree, record.base_commit)
        lines = sum((file.added or 0) + (file.removed or 0) for file in changed)
        is_short = 0 < lines <= _DIFF_LINES
        diff = differences.patch_since(worktree, record.base_commit) if is_short else ""
    except GitError as error:  # the command broke its own worktree
        return (), "", [error.message]
    return changed, diff, []


def _page(report: RunReport) -> str:
    """The report as Markdown."""
    sections = [
        f"# {report.name}: {report.reason}",
        _block(report.command),
        "\n".join(f"- {label}: {text}" for label, text in facts(report)),
        _section("Changed", [_changed_line(file) for file in report.changed]),
        _block(report.diff),
        _section("Artifacts", report.artifacts),
        _section("Notes", report.notes),
        f"## Log\n\n{_block(report.log_tail)}" if report.log_tail else "",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def facts(report: RunReport) -> list[tuple[str, str]]:
    """What a run used and where it is, each with its label; only what is known."""
    found = [
        ("exit code", str(report.exit_code)),
        ("time", spoken(report.seconds)),
        ("memory", _mebibytes(report.peak_rss_mb)),
        ("GPU", ", ".join(report.gpus)),
        ("GPU time", spoken(report.gpu_seconds) if report.gpus else ""),
        ("GPU memory", _mebibytes(report.peak_vram_mb)),
        ("commit", (report.commit or "")[:12]),
        ("worktree", str(report.worktree) if report.worktree else ""),
        ("results", str(report.root) if report.root else ""),
    ]
    return [(label, text) for label, text in found if text]


def _mebibytes(amount: float | None) -> str:
    return "" if amount is None else f"peak {amount:,.0f} MiB"


def _changed_line(file: FileChange) -> str:
    lines = "binary" if file.added is None else f"+{file.added} -{file.removed}"
    return f"{file.path}  {lines}"


def _section(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    more = len(lines) - _SHOWN_FILES
    shown = [f"- `{printable(line)}`" for line in lines[:_SHOWN_FILES]]
    rest = [f"- and {more} more"] if more > 0 else []
    return "\n".join([f"## {title}", "", *shown, *rest])


def _block(text: str) -> str:
    """A block of code, which no line of its own text can end."""
    return textwrap.indent(text.rstrip("\n"), "    ", lambda _: True) if text else ""
