"""Failed jobs grouped by cause, each group with the command that tries exactly its jobs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.failures import FailureGroup, group_failures, job_numbers, retry_command
from sweeptree.cli.screens.terminal import (
    MAX_WIDTH,
    counted,
    printable,
    shorten,
    shorten_middle,
    spoken,
)
from sweeptree.model import JobState, StopCause

_SHOWN_CAUSES = 8
_INDENT = " " * 9


def cause_lines(name: str, jobs: Sequence[JobRow], room: int = MAX_WIDTH) -> list[str]:
    """Each cause, the commonest first: its jobs, its error line, what shows and what retries."""
    groups = group_failures(jobs)
    lines: list[str] = []
    for group in groups[:_SHOWN_CAUSES]:
        lines += _cause(name, group, room)
    rest = groups[_SHOWN_CAUSES:]
    if rest:
        failed = sorted(job.id for group in rest for job in group.jobs)
        what = f"{counted(len(rest), 'more cause')}, jobs {job_numbers(failed)}"
        lines.append(shorten(f"  {what}", room))
    return lines


def _cause(name: str, group: FailureGroup, room: int) -> list[str]:
    head = f"  {_who(group)}   {_how(group)}"
    error = f"{_INDENT}{shorten_middle(group.line, room - len(_INDENT))}"
    return [
        shorten_middle(head, room),
        *([error] if group.line else []),
        f"{_INDENT}sweeptree logs {name}:{group.jobs[0].id}",
        f"{_INDENT}{retry_command(name, group.jobs)}",
    ]


def _who(group: FailureGroup) -> str:
    """`job 3  lr=1e-4 seed=1`, or how many jobs there are and which."""
    first, many = group.jobs[0], len(group.jobs)
    if many > 1:
        numbers = job_numbers(sorted(job.id for job in group.jobs))
        return f"{many} jobs  {shorten(numbers, 30)}"
    seed = "" if first.seed is None else f" seed={first.seed}"
    return f"job {first.id}  {printable(first.config_id or '')}{seed}"


def _how(group: FailureGroup) -> str:
    """Why they failed; of a single job also after how long, and at which attempt."""
    first = group.jobs[0]
    if len(group.jobs) > 1:
        return group.reason
    reason = group.reason
    if first.duration_seconds and first.state is not JobState.TIMED_OUT:  # which says so itself
        reason += f" after {spoken(first.duration_seconds)}"
    attempts = len(first.attempts)
    return f"{reason}   (attempt {attempts})" if attempts > 1 else reason


def stop_note(name: str, facts: Mapping[str, Any], jobs: Sequence[JobRow]) -> str | None:
    """Why jobs were left out by a sweep that stopped by itself; None where none was."""
    left = sum(job.state is JobState.PLANNED for job in jobs)
    if facts.get("stop_cause") != StopCause.FAILED_ALIKE or not left:
        return None
    waiting = "was" if left == 1 else "were"
    return (
        f"stopped: the first jobs failed alike, so {counted(left, 'job')} {waiting} not started\n"
        f"sweeptree resume {name}   goes on; run --stop_after_same 0 would not have stopped"
    )
