"""`sweeptree status`: all sweeps in one table, or the jobs of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sweeptree.analysis.wording import DIVERGED
from sweeptree.cli.find import find_readable, results_dir, shared_folder, shared_sweeps
from sweeptree.cli.screens.terminal import (
    Column,
    clock,
    counted,
    number,
    printable,
    say,
    table,
    width,
    write_out,
)
from sweeptree.errors import UsageError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, iter_sweeps
from sweeptree.sweep.view import (
    WAITING,
    JobView,
    SweepView,
    age,
    resume_line,
    view_sweep,
    word,
)
from sweeptree.system.room import pause_line

_SWEEP_COLUMNS = (
    Column("NAME"),
    Column("STATE"),
    Column("JOBS"),
    Column("BEST"),
    Column("STARTED", rank=1),
    Column("DRIVEN BY", rank=2),
)
_SHOWN_JOBS = 40
_SHOWN_METRICS = 3
_HOST_PLACE = 4  # after the state
_NOT_DONE = (WAITING, JobState.RUNNING, JobState.LOST, JobState.CANCELLED)
_WRONG = (JobState.FAILED, JobState.TIMED_OUT, JobState.LOST)
_SHORT = {
    JobState.RUNNING: "run",
    JobState.FAILED: "failed",
    JobState.TIMED_OUT: "timeout",
    JobState.LOST: "lost",
    JobState.CANCELLED: "cancelled",
}


def status(
    exp: str | None = None,
    /,
    *,
    results_dir: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    everything: Annotated[bool, Parameter(name="--all", negative="")] = False,
    shared: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show all sweeps, or the jobs of one. Reads records only; nothing is changed.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder. Without it: all sweeps.
    results_dir
        Where results are; default: results/ at the top of the repository.
    as_json
        Print one JSON document.
    everything
        List every job, also of a large sweep.
    shared
        List the sweeps that were fetched, in place of those here.
    """
    if shared:
        return _shared_sweeps(exp, as_json=as_json)
    if exp is None:
        return _all_sweeps(results_dir, as_json=as_json)
    view = view_sweep(find_readable(exp, results_dir))
    if as_json:
        _print_json({**_summary(view), "jobs": [_job_document(job) for job in view.jobs]})
    else:
        write_out(render_sweep(view, width(), everything=everything))
    return 0


def _all_sweeps(given: Path | None, *, as_json: bool) -> int:
    folder = results_dir(given)
    views = [view_sweep(paths) for paths in iter_sweeps(folder)]
    if as_json:
        _print_json({"results_dir": str(folder), "sweeps": [_summary(view) for view in views]})
    elif not views:
        say(f"no sweep in {folder}\n  sweeptree run --help")
    else:
        write_out(render_sweeps(views, width()))
    return 0


def _shared_sweeps(exp: str | None, *, as_json: bool) -> int:
    """The table of sweeps that were fetched, each as REMOTE/NAME."""
    if exp is not None:
        raise UsageError(
            "--shared lists all sweeps that were fetched", hint=f"sweeptree status {exp}"
        )
    views = {_shared_name(paths): view_sweep(paths) for paths in shared_sweeps()}
    if as_json:
        sweeps = [{**_summary(view), "exp_name": name} for name, view in views.items()]
        _print_json({"results_dir": str(shared_folder()), "sweeps": sweeps})
    elif not views:
        say("no sweep was fetched yet\n  sweeptree fetch")
    else:
        rows = [[name, *_sweep_row(view)[1:]] for name, view in views.items()]
        write_out("\n".join(table(_SWEEP_COLUMNS, rows, width(), indent="")) + "\n")
    return 0


def _shared_name(paths: SweepPaths) -> str:
    return f"{paths.root.parent.name}/{paths.root.name}"


def _print_json(document: dict[str, Any]) -> None:
    write_out(json.dumps(document, indent=1) + "\n")


def _summary(view: SweepView) -> dict[str, Any]:
    return {
        "exp_name": view.name,
        "state": view.state,
        "n_jobs": len(view.jobs),
        "states": dict(view.counts),
        "metric": view.goal.name if view.goal else None,
        "best": view.best,
        "started_at": view.document.get("started_at"),
        "ended_at": view.document.get("ended_at"),
        "exit_code": view.document.get("exit_code"),
        "driver": view.driver,
        "waits_for": view.lack,
        "notices": list(view.notices),
        "results": str(view.paths.root),
    }


def _job_document(job: JobView) -> dict[str, Any]:
    return {
        "id": job.index,
        "state": job.state,
        "note": job.note,
        "config_id": job.config,
        "seed": job.seed,
        "attempt": job.attempt,
        "alive": job.alive,
        "exit_code": job.exit_code,
        "start_time": job.start_time,
        "seconds": job.seconds,
        "gpus": list(job.gpus),
        "host": job.host,
        "metrics": dict(job.metrics),
        "diverged": list(job.diverged),
    }


def render_sweeps(views: Sequence[SweepView], room: int) -> str:
    """The table of sweeps, and how to go on with those that stopped half-way."""
    rows = [_sweep_row(view) for view in views]
    lines = table(_SWEEP_COLUMNS, rows, room, indent="")
    lines += [f"  {view.name} can go on:  {resume_line(view)}" for view in views if view.resumable]
    return "\n".join(lines) + "\n"


def _sweep_row(view: SweepView) -> list[str]:
    cells = [
        view.name,
        view.state,
        _jobs_cell(view),
        _best_cell(view),
        _started(view),
        _driver(view),
    ]
    return [printable(cell) for cell in cells]


def render_sweep(view: SweepView, room: int, *, everything: bool) -> str:
    """One sweep's counts and jobs; of a large one those that run, wait for a slot or went wrong."""
    shown = view.jobs
    if not everything and len(view.jobs) > _SHOWN_JOBS:
        shown = _notable(view.jobs)
    lines = [
        *_head(view),
        "",
        *_job_table(view, shown, room),
    ]
    hidden = len(view.jobs) - len(shown)
    if hidden:
        lines.append(f"  {counted(hidden, 'more job')}:  sweeptree status {view.name} --all")
    if view.resumable:
        lines += ["", f"It can go on:  {resume_line(view)}"]
    return "\n".join(lines) + "\n"


def _head(view: SweepView) -> list[str]:
    counts = "  ".join(f"{many} {word(state)}" for state, many in sorted(view.counts.items()))
    lines = [
        f"{view.name}  {view.state}  {counted(len(view.jobs), 'job')}: {counts}",
        f"  {_facts(view)}",
    ]
    if view.lack:
        lines.append(f"  {pause_line(printable(view.lack))}")
    said = (f"  {_moment(notice)} {printable(notice['text'])}" for notice in view.notices)
    return [*lines, *said]


def _moment(notice: Mapping[str, Any]) -> str:
    """When it was said, by this machine's clock of today."""
    try:
        return f"{datetime.fromisoformat(str(notice.get('at'))).astimezone():%H:%M:%S}"
    except ValueError:
        return "--:--:--"


def _job_table(view: SweepView, jobs: Sequence[JobView], room: int) -> list[str]:
    """With the hosts, where the sweep runs on some."""
    columns = _job_columns(view)
    rows = [_job_row(view, job) for job in jobs]
    if any(job.host for job in view.jobs):
        columns.insert(_HOST_PLACE, Column("host"))
        for row, job in zip(rows, jobs, strict=True):
            row.insert(_HOST_PLACE, printable(job.host))
    return table(columns, rows, room)


def _job_columns(view: SweepView) -> list[Column]:
    metric = Column("metrics", flexible=True)
    if view.goal:
        metric = Column(view.goal.name, right=True)
    return [
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("state"),
        metric,
        Column("time", rank=1, right=True),
        Column("try", rank=3, right=True),
        Column("note", rank=2, flexible=True, keeps_end=True),
    ]


def _notable(jobs: tuple[JobView, ...]) -> tuple[JobView, ...]:
    """The jobs that run and the last that went wrong; where there are none, the first jobs."""
    running = [job for job in jobs if job.alive or job.state == JobState.RUNNING]
    wrong = [job for job in jobs if job.state in _WRONG and not job.alive]
    notable = sorted([*running, *wrong[-_SHOWN_JOBS:]], key=lambda job: job.index)
    return tuple(notable) or jobs[:_SHOWN_JOBS]


def _job_row(view: SweepView, job: JobView) -> list[str]:
    return [
        str(job.index),
        printable(job.config),
        "" if job.seed is None else str(job.seed),
        word(job.state),
        printable(_metric_cell(view, job)),
        clock(job.seconds),
        str(job.attempt) if job.attempt > 1 else "",
        printable(job.note),
    ]


def _metric_cell(view: SweepView, job: JobView) -> str:
    if view.goal is None:
        shown = [f"{name}={number(value)}" for name, value in job.metrics.items()]
        shown += [f"{name}={DIVERGED}" for name in job.diverged]
        return " ".join(shown[:_SHOWN_METRICS])
    name = view.goal.name
    if name in job.diverged:
        return DIVERGED
    return number(job.metrics[name]) if name in job.metrics else _live_value(view, job)


def _live_value(view: SweepView, job: JobView) -> str:
    """The metric that a running job has reported or printed last."""
    if not job.alive or view.goal is None:
        return ""
    from sweeptree.cli.screens.job_curves import JobCurves  # with what reads logs: most need none

    curve = JobCurves(view.paths, view.goal.name).now(job.index)
    if curve.has_diverged:
        return DIVERGED
    return number(curve.values[-1]) if curve.values else ""


def _facts(view: SweepView) -> str:
    facts = [f"driven by {_driver(view)}"]
    if started := _started(view):
        facts.append(f"started {started}")
    if best := _best_cell(view):
        facts.append(f"best {best}")
    return "   ".join(facts)


def _jobs_cell(view: SweepView) -> str:
    counts = view.counts
    done = sum(many for state, many in counts.items() if state not in _NOT_DONE)
    shown = [f"{counts[state]} {text}" for state, text in _SHORT.items() if counts[state]]
    return "  ".join([f"{done}/{len(view.jobs)}", *shown])


def _best_cell(view: SweepView) -> str:
    best = view.best
    if view.goal is None or best is None:
        return ""
    return f"{view.goal.name} {number(best)}"


def _started(view: SweepView) -> str:
    """The start in local time: 20:14 today, otherwise the date."""
    text = view.document.get("started_at")
    seconds = age(text) if isinstance(text, str) else None
    if seconds is None:
        return ""
    then = datetime.fromisoformat(str(text)).astimezone()
    today = datetime.now().astimezone().date() == then.date()
    return f"{then:%H:%M} today" if today else f"{then:%Y-%m-%d %H:%M}"


def _driver(view: SweepView) -> str:
    if view.driver is None:
        return "nobody (keepers live)" if view.state == "detached" else "nobody"
    return f"pid {view.driver.get('pid', '?')} on {view.driver.get('host', '?')}"
