"""Slurm's commands: submit, ask, cancel.

Hides their words and their output, that a controller which is away says so in many ways or hangs,
and that a task of an array is named ARRAY_TASK: its own number may be that of the whole array.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeptree.errors import Refused, SweeptreeError

PATIENCE = 20.0  # seconds for one command
_AWAY = re.compile(
    r"[Uu]nable to contact slurm controller|Connection refused|Connection timed out"
    r"|Socket timed out|[Cc]ommunication connection|standby mode|Zero Bytes were transmitted"
    r"|in an invalid state"
)
_UNKNOWN = "Invalid job id"
_FIELDS = "%F|%K|%T|%r|%N"
_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)


class ClusterAway(SweeptreeError):  # noqa: N818 - says what is the case
    """The controller does not answer at the moment. What was asked may have been done."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as the queue shows it: the state and the reason in Slurm's words."""

    state: str
    reason: str
    node: str

    @property
    def is_over(self) -> bool:
        """Whether Slurm will do no more with it."""
        return self.state in _OVER

    @property
    def is_held(self) -> bool:
        """Whether it does not start until it is released."""
        return self.state == "PENDING" and "held" in self.reason.lower()

    @property
    def is_held_by_people(self) -> bool:
        """Whether somebody holds it (`scontrol hold`)."""
        return self.reason.startswith("JobHeld")

    @property
    def is_delayed(self) -> bool:
        """Whether it waits for its time: after a requeue, or as `--begin` says."""
        return self.state == "PENDING" and self.reason == "BeginTime"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the cluster's configuration allows. `kill_wait`: seconds from TERM to KILL."""

    max_array: int
    kill_wait: float


def limits() -> Limits:
    """Ask for them. Raises ClusterAway, Refused where there is no Slurm."""
    found = dict(_setting(line) for line in _ask("scontrol", "show", "config").splitlines())
    return Limits(
        max_array=_number(found.get("MaxArraySize"), 1001),
        kill_wait=float(_number(found.get("KillWait"), 30)),
    )


def check(options: Sequence[str], script: Path, environ: Mapping[str, str]) -> str:
    """What the cluster says of such a job, without submitting it.

    Raises Refused with Slurm's reason, ClusterAway.
    """
    words = ["sbatch", "--test-only", *options, str(script)]
    done = _run(words, environ)
    said = _without_prefix(done.stderr)
    if done.returncode:
        raise Refused(
            f"the cluster would not take these jobs: {said}",
            hint=_what_it_takes(said),
        )
    return said


def _what_it_takes(said: str) -> tuple[str, ...]:
    """Who knows better, by what the cluster refuses."""
    if "partition" in said:
        return ("sinfo shows the partitions", "scontrol show partition")
    if "node configuration" in said:
        return ("what nodes have: sinfo -N -o '%N %c %m %G'",)
    return ("man sbatch lists the options and how their values are written",)


def submit(options: Sequence[str], script: Path, environ: Mapping[str, str]) -> str:
    """Submit an array; its number. Raises SweeptreeError, ClusterAway."""
    done = _run(["sbatch", "--parsable", *options, str(script)], environ)
    if done.returncode:
        raise SweeptreeError(
            f"the jobs could not be submitted: {_without_prefix(done.stderr)}",
            hint="sbatch --test-only says whether the cluster takes such jobs",
        )
    return done.stdout.strip().partition(";")[0]


def find(name: str) -> str | None:
    """The array of this name that the cluster knows of. Raises ClusterAway."""
    words = ("squeue", "-h", "-t", "all", f"--name={name}", "-o", "%F")
    return next(iter(_ask(*words).split()), None)


def tasks(arrays: Iterable[str]) -> dict[str, TaskState]:
    """All tasks of these arrays that the cluster remembers, as ARRAY_TASK. Raises ClusterAway."""
    asked = ("squeue", "-h", "-r", "-t", "all", "-o", _FIELDS, "-j", ",".join(arrays))
    return dict(_task(line) for line in _ask(*asked, unknown="").splitlines())


def cancel(names: Sequence[str], *words: str) -> None:
    """Cancel arrays or tasks. Raises ClusterAway."""
    _ask("scancel", *words, *names, unknown="")


def start_now(task: str) -> bool:
    """Have a task that waits for its time start at once; False where the user may not."""
    return _may("scontrol", "update", f"jobid={task}", "StartTime=now")


def release(task: str) -> bool:
    """Let a held task start again; False where the user may not."""
    return _may("scontrol", "release", task)


def exit_code(task: str) -> str:
    """The exit code (CODE:SIGNAL) of a task; empty where it is forgotten. Raises ClusterAway."""
    said = _ask("scontrol", "-o", "show", "job", task, unknown="")
    facts = dict(word.partition("=")[::2] for word in said.split())
    return facts.get("ExitCode", "")


def _may(*argv: str) -> bool:
    done = _run(argv, os.environ)
    return done.returncode == 0


def _ask(*argv: str, unknown: str | None = None) -> str:
    """What a command prints; `unknown`: what to answer when the cluster has forgotten the job."""
    done = _run(argv, os.environ)
    if not done.returncode:
        return done.stdout
    if unknown is not None and _UNKNOWN in done.stderr:
        return unknown
    raise SweeptreeError(f"`{argv[0]}` failed: {_without_prefix(done.stderr)}", hint="sinfo")


def _run(argv: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterAway(f"`{argv[0]}` got no answer within {PATIENCE:.0f} s") from error
    except FileNotFoundError as error:
        raise Refused(
            f"there is no {argv[0]} here: this machine belongs to no Slurm cluster",
            hint="run this on a login node of the cluster",
        ) from error
    if done.returncode and _AWAY.search(done.stderr):
        raise ClusterAway(_without_prefix(done.stderr), hint="sinfo shows when it is back")
    return done


def _without_prefix(text: str) -> str:
    lines = [line.partition(": ")[2] or line for line in text.strip().splitlines()]
    return "; ".join(lines) or "no reason given"


def _setting(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()


def _task(line: str) -> tuple[str, TaskState]:
    array, number, state, reason, node = line.split("|", 4)
    return f"{array}_{number}", TaskState(state, reason, node)


def _number(text: str | None, default: int) -> int:
    match = re.match(r"\d+", text or "")
    return int(match[0]) if match else default
