"""`sweeptree resume`: go on with a sweep that was cut short, or run some of its jobs again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.commands.run import run_prepared
from sweeptree.cli.find import find_sweep
from sweeptree.cli.options import FLAG, JSON, NOTIFY, valid, valid_spec
from sweeptree.cli.screens.terminal import say
from sweeptree.cli.telling import recipients_here
from sweeptree.errors import RecordError, UsageError
from sweeptree.hosts.choice import planner_for
from sweeptree.model import JobRecord, Resume, SweepSpec
from sweeptree.publish.notify import check
from sweeptree.records import SweepPaths, read_record, record_indices
from sweeptree.settings import Settings
from sweeptree.sweep.owed import owed as owed_jobs
from sweeptree.sweep.preflight import PreparedSweep, must_start, prepare
from sweeptree.sweep.recovery import spec_of

_SHOWN_JOBS = 20


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ResumeOptions:
    """The options of `resume`.

    Parameters
    ----------
    failed
        Run the jobs that failed or timed out again, too.
    oom
        Run the jobs that ran out of memory again, too.
    gpu_mem
        GPU memory to promise each job from now on: 20G.
    min_free
        Disk space that must be free before a job starts, from now on: 500M.
    jobs
        Run only the jobs with these numbers again, however they ended: 3,7.
    results_dir
        Where results are; default: results/ at the top of the repository.
    as_json
        Print the aggregated results as one JSON document.
    """

    failed: Annotated[bool, FLAG] = False
    oom: Annotated[bool, FLAG] = False
    gpu_mem: str | None = None
    min_free: str | None = None
    jobs: str | None = None
    results_dir: Path | None = None
    notify: Annotated[tuple[str, ...], NOTIFY] = ()
    as_json: Annotated[bool, JSON] = False


def resume(exp: str, *, options: ResumeOptions | None = None) -> int:
    """Go on with what is missing in a sweep: the same jobs, the same commit, the same numbers.

    Jobs that have ended are not run again, jobs that still run are taken over, jobs whose end
    nobody saw get a new attempt.

    Parameters
    ----------
    exp
        The sweep's name, or the path of its results.
    """
    options = options or ResumeOptions()
    settings = Settings()
    told = recipients_here(options.notify)
    wanted = _wanted(options)
    spec = _spec(exp, options)
    planner = planner_for(spec, settings)
    prepared = must_start(prepare(spec, settings, resume=True, planner=planner))
    unknown = set(wanted.jobs) - {job.index for job in prepared.jobs}
    if unknown:
        raise UsageError(f"{exp} has no job {min(unknown)}", hint=f"sweeptree status {exp}")
    check(told)
    _say_what_is_owed(prepared, wanted)
    return run_prepared(prepared, settings, resume=wanted, as_json=options.as_json, told=told)


def _wanted(options: ResumeOptions) -> Resume:
    values = {"failed": options.failed, "oom": options.oom, "jobs": options.jobs or ()}
    return valid(Resume, values, command="resume")


def _spec(exp: str, options: ResumeOptions) -> SweepSpec:
    """The sweep's spec, with what the options change of it."""
    spec = spec_of(find_sweep(exp, options.results_dir))
    amounts = {"gpu_mem": options.gpu_mem, "min_free": options.min_free}
    changed = {name: text for name, text in amounts.items() if text}
    return valid_spec({**spec.model_dump(), **changed}) if changed else spec


def _say_what_is_owed(prepared: PreparedSweep, wanted: Resume) -> None:
    """Say which failed deliveries are finished without running their jobs again."""
    paths = prepared.paths
    if wanted.jobs or not prepared.spec.delivers:
        return
    owed = owed_jobs(prepared, _records(paths))
    if owed:
        jobs = "job" if len(owed) == 1 else "jobs"
        say(f"delivering what is missing of {jobs} {_numbers(owed)}; no command runs again for it")


def _records(paths: SweepPaths) -> list[JobRecord]:
    records = []
    for index in record_indices(paths):
        with contextlib.suppress(RecordError):
            records.append(read_record(paths.record(index)))
    return records


def _numbers(jobs: Sequence[int]) -> str:
    first = ", ".join(map(str, jobs[:_SHOWN_JOBS]))
    more = len(jobs) - _SHOWN_JOBS
    return f"{first} and {more} more" if more > 0 else first
