"""What failed jobs have in common: the line of a log that says what went wrong, and jobs grouped by
it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeptree.analysis.wording import printable
from sweeptree.model import told_cause

FAILED = ("failed", "timed_out", "lost")
_ERROR = re.compile(rb"\b\w*(Error|Exception|Killed|Interrupt|error:|fatal:)")
_VARYING = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")

Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Jobs that failed alike: the reason and the error line of the first of them, and all of them
    in order."""

    reason: str
    line: str
    jobs: tuple[Job, ...]


def last_error_line(log_tail: str | bytes) -> str:
    """The line that most likely says what went wrong: the last one with an error's name, else the
    last."""
    data = log_tail.encode(errors="replace") if isinstance(log_tail, str) else log_tail
    lines = [line.strip() for line in re.split(rb"[\r\n]+", data) if line.strip()]
    named = [line for line in lines if _ERROR.search(line)]
    chosen = (named or lines or [b""])[-1]
    return printable(chosen.decode(errors="replace"))


def group_failures(jobs: Iterable[Job]) -> list[FailureGroup]:
    """The jobs that failed, timed out or were lost, grouped by cause; the largest group first.

    Numbers and addresses do not tell causes apart; jobs that lacked memory are alike whatever they
    asked for.
    """
    found: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        if job.get("state") in FAILED:
            found.setdefault(_likeness(job), []).append(job)
    groups = [_group(members) for members in found.values()]
    return sorted(groups, key=lambda group: -len(group.jobs))


def _likeness(job: Job) -> tuple[str, str]:
    reason = str(job.get("reason") or job.get("state"))
    memory = told_cause(reason)
    if memory is not None:
        return memory.value, ""
    return _VARYING.sub("#", reason) + str(job.get("exit_code")), _VARYING.sub("#", _line(job))


def _line(job: Job) -> str:
    return last_error_line(str(job.get("log_tail") or ""))


def _group(members: Sequence[Job]) -> FailureGroup:
    first = members[0]
    return FailureGroup(
        printable(first.get("reason") or first.get("state")), _line(first), tuple(members)
    )
