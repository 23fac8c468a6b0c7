"""A job of an earlier sweep, to be run again as it was: the same command and commit, worktree,
links, set-up and environment, as a sweep of one.

Hides: what of a sweep's spec says how a job runs, and what says what becomes of it afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeptree.errors import Refused, UsageError
from sweeptree.model import JobRecord, JobState, SweepSpec
from sweeptree.plan import read_command
from sweeptree.records import SweepPaths
from sweeptree.sweep.one import free_name
from sweeptree.sweep.recovery import spec_of

_NAME_LENGTH = 40  # leaves room for the job's number
# How a job runs. The rest says how many run, how often, and what is delivered of them.
_KEPT = (
    *("repo", "links", "setup", "keep_env", "gpus", "gpu_mem", "devices", "gpu_env"),
    *("timeout", "grace", "min_free", "metric", "metrics_file", "metric_regex"),
)


def spec_again(paths: SweepPaths, record: JobRecord, results_dir: Path | None) -> SweepSpec:
    """The sweep of one that runs a job again, under the first free name.

    Raises UsageError where the sweep or its job cannot be run again, Refused where the job never
    ended.
    """
    spec = spec_of(paths)
    _check(paths.root.name, record)
    kept = {name: getattr(spec, name) for name in _KEPT}
    values: dict[str, Any] = {
        **kept,
        "repo": spec.repo if spec.repo.is_dir() else Path.cwd(),
        "commands": (record.cmd,),
        "seeds": seeds_of_environment(record.cmd, record.seed),
        "base": record.base_commit,
        "dirty": "ignore",
        "use_worktree": True,
        "results_dir": results_dir,
        "parallel": 1,
        "exp_name": "again",
    }
    again = SweepSpec.model_validate(values)
    name = free_name(f"{paths.root.name[:_NAME_LENGTH]}-{record.id}-again", again)
    return again.model_copy(update={"exp_name": name})


def _check(exp_name: str, record: JobRecord) -> None:
    where = f"{exp_name} job {record.id}"
    if not record.cmd or not record.base_commit:
        raise UsageError(
            f"{where} cannot be run again: its record names no command or no commit",
            hint="records of other tools say less than is needed",
        )
    if record.state in (None, JobState.PLANNED, JobState.RUNNING, JobState.LOST):
        raise Refused(
            f"{where} has no end to compare with: it is {record.state or 'of no known state'}",
            hint=f"sweeptree status {exp_name}",
        )


def seeds_of_environment(command: str, seed: int | None) -> tuple[int, ...]:
    """The seed of a job whose command does not name it: it finds it in its environment."""
    in_command = read_command(command).seed
    return (seed,) if seed is not None and in_command is None else ()
