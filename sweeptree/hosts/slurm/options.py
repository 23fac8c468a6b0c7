"""The words for sbatch: what a user asked for, and what a keeper needs.

Hides that durations are written in another way there, and which options are ours to give.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec
from sweeptree.model.text import parse_duration
from sweeptree.supervise import shared_environment

_NAME = re.compile(r"[a-z][a-z0-9-]+")
_OURS = {
    "array": "the jobs of a sweep are the array; --array_parallelism bounds it",
    "clusters": "a sweep runs on one cluster; run it on a login node of that one",
    "chdir": "a job starts in its worktree",
    "dependency": "arrays of one sweep depend on each other",
    "error": "results/<sweep>/job_<i>.log is a job's log",
    "export": "--keep_env names variables that look like secrets",
    "export-file": "--keep_env names variables that look like secrets",
    "help": "the jobs are to be submitted",
    "hold": "the jobs are to start; `--slurm begin=20:00` says not before when",
    "input": "a job reads nothing",
    "job-name": "by the name an array is found again",
    "no-requeue": "a preempted job is to start again",
    "ntasks": "a job is one process; cpus-per-task gives it cores",
    "open-mode": "logs are appended to",
    "output": "results/<sweep>/job_<i>.log is a job's log",
    "parsable": "its output is read here",
    "requeue": "it is given always",
    "signal": "the keeper needs USR2, and USR1 is its order to kill",
    "test-only": "`sweeptree run --dry_run` asks the cluster",
    "usage": "the jobs are to be submitted",
    "version": "the jobs are to be submitted",
    "wait": "the sweep waits itself",
    "wrap": "the keeper is the script",
}
# The options of sbatch that may stand without a value; any other takes the next word for it.
_FLAGS = frozenset(
    {
        "contiguous",
        "exclusive",
        "get-user-env",
        "ignore-pbs",
        "nice",
        "no-kill",
        "overcommit",
        "oversubscribe",
        "propagate",
        "quiet",
        "reboot",
        "spread-job",
        "use-min-nodes",
        "verbose",
    }
)
_WHOSE = ("account", "partition", "qos", "reservation", "wckey")
_TIMES = ("time", "time-min")
_NOT_FOR_NODES = re.compile(
    r"(TMPDIR|TMP|TEMP|XDG_RUNTIME_DIR|CUDA_VISIBLE_DEVICES|SBATCH_EXPORT|SBATCH_WAIT)$|SLURM_(?!CONF$)"
)


def check(spec: SweepSpec) -> None:
    """Raise UsageError for options that cannot be."""
    for name, value in spec.slurm.items():
        _check_one(name, value)
    if spec.gpus or spec.gpu_mem or spec.devices:
        raise UsageError(
            "--gpus, --gpu_mem and --devices are about the GPUs of this machine",
            hint="on a cluster: --slurm gres=gpu:1",
        )


def _check_one(name: str, value: str) -> None:
    if name in _OURS:
        raise UsageError(f"--slurm {name} cannot be given: {_OURS[name]}", hint="leave it out")
    if not _NAME.fullmatch(name) or not value.isprintable():
        raise UsageError(f"--slurm {name}={value} is no option of sbatch", hint=_hint(name))
    for ours, reason in _OURS.items():
        if ours.startswith(name):
            why = f"sbatch takes it for short of {ours}, which cannot be given: {reason}"
            raise UsageError(
                f"--slurm {name}={value}: {why}",
                hint="leave it out, or write the whole name of the option that you mean",
            )
    if not value and name not in _FLAGS:
        raise UsageError(
            f"--slurm {name}= has no value, and sbatch would take the next option for it",
            hint=f"give one, as {name}=VALUE, or leave it out; man sbatch says what it takes",
        )


def _hint(name: str) -> str:
    """What may be meant by a name that is none."""
    long = name.lower().replace("_", "-")
    if long != name and _NAME.fullmatch(long):
        return f"it is written {long}"
    return "names are the long ones of sbatch, as partition=gpu; man sbatch lists them"


def wanted(spec: SweepSpec) -> list[str]:
    """What the user asked for."""
    return [_word(name, value) for name, value in spec.slurm.items()]


def _word(name: str, value: str) -> str:
    if name in _TIMES:
        value = _time(value)
    return f"--{name}={value}" if value else f"--{name}"


def _time(text: str) -> str:
    """2h and 90m as Slurm writes them; what it knows itself stays (30, 1:30:00, 1-0)."""
    if not text[-1:].isalpha() or not any(char.isdigit() for char in text):
        return text
    seconds = math.ceil(parse_duration(text))
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def of_keeper(spec: SweepSpec, logs: Path) -> list[str]:
    """What every array gets: it may start again, and is told before its time is over."""
    early = max(1, math.ceil(spec.grace))
    return [
        "--export=ALL",
        "--requeue",
        "--open-mode=append",
        f"--signal=B:USR2@{early}",
        f"--output={_plain(logs)}/%a.out",
        "--input=none",
        "--ntasks=1",
        "--chdir=/",
    ]


def of_array(spec: SweepSpec, count: int, name: str) -> list[str]:
    """So many tasks, under a name that no other array has."""
    most = f"%{spec.array_parallelism}" if spec.array_parallelism else ""
    return [f"--array=0-{count - 1}{most}", f"--job-name={name}"]


def of_clearing(spec: SweepSpec, node: str, folder: Path) -> list[str]:
    """A few seconds of one node, for what is ours there; a day later nobody waits for it."""
    kept = [_word(name, value) for name, value in spec.slurm.items() if name in _WHOSE]
    return [
        *kept,
        "--export=ALL",
        f"--output={_plain(folder)}/clear.out",
        "--open-mode=append",
        "--input=none",
        "--ntasks=1",
        "--chdir=/",
        "--time=5",
        "--deadline=now+1days",
        f"--nodelist={node}",
        f"--job-name=sweeptree-clear-{spec.exp_name}",
    ]


def _plain(folder: Path) -> str:
    """The folder with the one character that means something to Slurm doubled."""
    return str(folder).replace("%", "%%")


def environment(spec: SweepSpec) -> dict[str, str]:
    """What sbatch is started in, and hands on to the jobs (`--export=ALL`): our variables, but for
    secrets, git's, and those that are about this machine."""
    base = shared_environment(os.environ, keep=spec.keep_env)
    return {name: value for name, value in base.items() if not _NOT_FOR_NODES.match(name)}
