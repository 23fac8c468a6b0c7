"""How a task's attempts ended, read from the files that its keepers wrote.

Hides: that Slurm starts a task again under a new number of attempt, so that one task has several;
and what is known of a keeper that was killed. Records decide, Slurm only explains.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sweeptree import supervise
from sweeptree.errors import RecordError, SweeptreeError
from sweeptree.hosts.slurm import cluster
from sweeptree.hosts.slurm.arrays import Task
from sweeptree.hosts.slurm.cluster import TaskState
from sweeptree.model import JobState, Outcome
from sweeptree.records import SweepPaths, read_json
from sweeptree.supervise import keeper_host, read_outcome
from sweeptree.supervise.files import last_words
from sweeptree.system.clock import utc_now
from sweeptree.system.locks import is_held

_BEFORE = ".before"  # as in node.main
_AHEAD = 20  # so many attempts may have begun without leaving a trace
_OUR_WORDS = "sweeptree: "  # as in node.main
_NO_PYTHON = "execve()"
_NO_OUTPUT = "0:53"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended; `facts`: what the node told beside that."""

    outcome: Outcome
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Whether Slurm starts the task again by itself."""
        return bool(self.facts.get("goes_on"))


@dataclass(frozen=True, slots=True)
class Traces:
    """The files of a job's attempts."""

    paths: SweepPaths
    index: int

    def file(self, number: int, what: str) -> Path:
        """One of them."""
        return self.paths.attempt(self.index, number, what)

    def ending(self, number: int) -> Ending | None:
        """How an attempt ended; None while its keeper has not said so."""
        return _read(self.file(number, "outcome"))

    def last_words(self, number: int) -> Ending | None:
        """The same of a keeper that was killed while it kept the job's files."""
        file = self.file(number, "outcome")
        found = _read(file.with_name(file.name + _BEFORE))
        if found is None:
            return None
        note = "not all files of the job were kept: Slurm ended its keeper meanwhile"
        return replace(found, facts={**found.facts, "notes": [note]})

    def has_begun(self, number: int) -> bool:
        """Whether a keeper has taken this attempt."""
        return self.file(number, "alive").exists()

    def is_alive(self, number: int) -> bool:
        """Whether it has it now."""
        return is_held(self.file(number, "alive"))

    def node(self, number: int) -> str | None:
        """Where it has it; None while that is not known."""
        return keeper_host(self.file(number, "alive"))

    def next_begun(self, number: int) -> int | None:
        """The next attempt that a keeper has taken after this one."""
        later = range(number + 1, number + _AHEAD)
        return next((number for number in later if self.has_begun(number)), None)

    def is_done(self, first: int, before: int | None = None) -> bool:
        """Whether an attempt from `first` on (and before `before`) has ended, and nothing is to
        follow in its task."""
        numbers = range(first, first + _AHEAD if before is None else before)
        endings = (self.ending(number) for number in numbers)
        return any(ending is not None and not ending.goes_on for ending in endings)


def _read(file: Path) -> Ending | None:
    outcome = read_outcome(file)
    if outcome is None:
        return None
    facts: dict[str, Any] = {}
    with contextlib.suppress(RecordError):
        facts = read_json(file)
    return Ending(outcome, facts)


def without_outcome(traces: Traces, number: int, task: Task, state: TaskState) -> Ending:
    """The ending of an attempt whose keeper left none: no keeper can begin it any more."""
    if traces.has_begun(number):
        lost = replace(supervise.lost_outcome(), reason=_lost_reason(task, state))
        return Ending(_fenced(traces, number, lost))
    if state.state == "CANCELLED":
        return Ending(_never_begun(JobState.CANCELLED, "cancelled by scancel before it started"))
    return Ending(_never_begun(JobState.FAILED, f"it never started: {_why(task, state)}"))


def _fenced(traces: Traces, number: int, outcome: Outcome) -> Outcome:
    supervise.fence(traces.file(number, "alive"), traces.file(number, "outcome"))
    return outcome


def _lost_reason(task: Task, state: TaskState) -> str:
    where = f" on {state.node}" if state.node else ""
    return f"its keeper was killed{where}: {_why(task, state)}"


def _why(task: Task, state: TaskState) -> str:
    """What the keeper or Slurm says of a task's end, with what helps where the cause is known."""
    words = last_words(str(task.output), "")
    if words.startswith(_OUR_WORDS):
        return words.removeprefix(_OUR_WORDS)
    code = _exit_code(task)
    said = f"Slurm says {state.state}, {state.reason}, exit code {code or 'unknown'}"
    if _NO_PYTHON in words:
        return f"{said}; no such Python there (SWEEPTREE_SLURM_PYTHON names another)"
    if code == _NO_OUTPUT:
        return f"{said}; its node cannot write the results: --results_dir on a shared file system"
    return f"{said}; {words}" if words else said


def _exit_code(task: Task) -> str:
    with contextlib.suppress(SweeptreeError):
        return cluster.exit_code(task.name)
    return ""


def _never_begun(state: JobState, reason: str) -> Outcome:
    lost = supervise.lost_outcome()
    return replace(lost, state=state, reason=reason, end_time=utc_now())
