"""Why Slurm ends a job: cancelled, preempted, requeued, or out of time.

Hides how that is told apart by the signal, by what `scontrol` says of the job at that moment, and
by what slurmstepd has written to the job's output:

    `Restarts` is higher than ours          requeued, by preemption where that is written
    DUE TO JOB REQUEUE                      the same, where the controller does not answer
    DUE TO PREEMPTION, or `PreemptTime`     preempted, and not started again
    USR2 else, or the time is up            the time limit
    TERM else                               cancelled
"""

from __future__ import annotations

import os
import signal

from sweeptree.hosts.slurm.node.git import run
from sweeptree.supervise.causes import Verdict
from sweeptree.supervise.files import SetupError

PREEMPTED, REQUEUED, TIME_LIMIT, CANCELLED = "preempted", "requeued", "time_limit", "cancelled"
_PATIENCE = "2"  # seconds; a controller that is down must not keep us beyond Slurm's KillWait
_UNSET = ("", "None", "Unknown", "N/A")
_OUTPUT, _MOST = "/proc/self/fd/2", 65536
_EARLY = 60.0  # seconds; Slurm sends the warning signal up to so much too early


class Why:
    """What Slurm does with the job. `goes_on`: it will start it again itself."""

    def __init__(self, kind: str, *, goes_on: bool = False, limit: str = "") -> None:
        self.kind = kind
        self.goes_on = goes_on
        self._limit = limit

    def verdict(self) -> Verdict:
        """The same as the end of an attempt."""
        if self.kind == TIME_LIMIT:
            return Verdict("timed_out", f"Slurm's time limit ({self._limit}) was reached")
        if self.goes_on:
            return Verdict("cancelled", f"{self.kind} by Slurm, which starts it again")
        if self.kind == PREEMPTED:
            return Verdict("failed", "preempted by Slurm", PREEMPTED)
        return Verdict("cancelled", "cancelled by scancel")


def why(got: int | None, *, warned_before: float, since: int) -> Why:
    """What the signal `got` is about.

    `warned_before`: so many seconds before the time limit the warning signal was ordered; `since`:
    the size of the job's output when this start of the task began.
    """
    facts = _facts()
    written = _written(since)
    is_preempted = b"DUE TO PREEMPTION" in written or facts.get("PreemptTime", "") not in _UNSET
    is_restarted = _number(facts.get("Restarts")) > restarts()
    if is_restarted or b"DUE TO JOB REQUEUE" in written:
        return Why(PREEMPTED if is_preempted else REQUEUED, goes_on=True)
    if is_preempted:
        return Why(PREEMPTED)
    if b"DUE TO TIME LIMIT" in written or _is_out_of_time(facts, got, warned_before):
        return Why(TIME_LIMIT, limit=facts.get("TimeLimit", "unknown"))
    return Why(CANCELLED)


def restarts() -> int:
    """How often Slurm has started this task again."""
    return _number(os.environ.get("SLURM_RESTART_COUNT"))


def task_name() -> str:
    """ARRAY_TASK. Never the job's own number: for one task of an array it means the whole of it."""
    return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"


def node_name() -> str:
    """This node as Slurm calls it, which need not be the machine's own name."""
    return os.environ.get("SLURMD_NODENAME") or os.uname().nodename


def _written(since: int) -> bytes:
    """What has been written to the output of this start of the task."""
    try:
        with open(_OUTPUT, "rb") as output:
            output.seek(since)
            return output.read(_MOST)
    except OSError:  # it is no file
        return b""


def size_of_output() -> int:
    """How much stands in the job's output already: of earlier starts of the task."""
    try:
        return os.stat(_OUTPUT).st_size
    except OSError:
        return 0


def _facts() -> dict[str, str]:
    """What Slurm knows of this task; nothing when it does not answer."""
    argv = ["timeout", _PATIENCE, "scontrol", "-o", "show", "job", task_name()]
    try:
        code, out, _ = run(argv, dict(os.environ))
    except SetupError:
        return {}
    words = out.decode(errors="replace").split()
    pairs = [word.partition("=") for word in words]
    return {} if code else {name: value for name, _, value in pairs}


def _is_out_of_time(facts: dict[str, str], got: int | None, warned_before: float) -> bool:
    limit, spent = _seconds(facts.get("TimeLimit", "")), _seconds(facts.get("RunTime", ""))
    if limit is None or spent is None:
        return False
    early = warned_before + _EARLY if got == signal.SIGUSR2 else 0.0
    return spent + early >= limit


def _seconds(text: str) -> float | None:
    """Of D-HH:MM:SS; None for UNLIMITED."""
    days, _, clock = text.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdecimal() for part in parts):
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds + 86400 * _number(days)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
