"""What failed jobs have in common: the log's line that says what went wrong, and groups. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.wording import printable
from sweeptree.model import JobRecord, JobState
from sweeptree.model.record import recorded_cause

FAILED = frozenset({JobState.FAILED, JobState.TIMED_OUT, JobState.LOST})
_ERROR = re.compile(rb"\b\w*(Error|Exception|Killed|Interrupt|error:|fatal:)")
_VARYING = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Jobs that failed alike, in order; the reason and the error line are of the first."""

    reason: str
    line: str
    jobs: tuple[JobRow, ...]


def last_error_line(log_tail: str | bytes) -> str:
    """The line that likely says what went wrong: the last that names an error, else the last."""
    data = log_tail.encode(errors="replace") if isinstance(log_tail, str) else log_tail
    lines = [line.strip() for line in re.split(rb"[\r\n]+", data) if line.strip()]
    named = [line for line in lines if _ERROR.search(line)]
    chosen = (named or lines or [b""])[-1]
    return printable(chosen.decode(errors="replace"))


def retry_command(exp_name: str, jobs: Iterable[JobRow]) -> str:
    """The command that tries exactly these jobs again."""
    numbers = job_numbers(sorted(job.id for job in jobs))
    return f"sweeptree resume {shlex.quote(exp_name)} --jobs {numbers}"


def job_numbers(indices: Iterable[int]) -> str:
    """`0,4-9`: rising numbers as the command line takes them."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def group_failures(jobs: Iterable[JobRow]) -> list[FailureGroup]:
    """The jobs that failed, timed out or were lost, grouped by cause; the largest group first.

    Numbers and addresses do not tell causes apart; jobs that lacked memory are alike whatever they
    asked for.
    """
    found: dict[tuple[str, str], list[JobRow]] = {}
    for job in jobs:
        if job.state in FAILED:
            found.setdefault(likeness(job, job.log_tail), []).append(job)
    groups = [_group(members) for members in found.values()]
    return sorted(groups, key=lambda group: -len(group.jobs))


def likeness(job: JobRecord, log_tail: str | bytes) -> tuple[str, str]:
    """What jobs that failed alike have in common: (how it ended, its log's telling line)."""
    reason = str(job.reason or job.state)
    memory = recorded_cause(reason)
    if memory is not None:
        return memory.value, ""
    line = last_error_line(log_tail)
    return _VARYING.sub("#", reason) + str(job.exit_code), _VARYING.sub("#", line)


def _group(members: Sequence[JobRow]) -> FailureGroup:
    first = members[0]
    reason = printable(first.reason or first.state)
    return FailureGroup(reason, last_error_line(first.log_tail), tuple(members))
