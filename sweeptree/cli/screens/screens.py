"""The screens of a run: the plan of a dry run, and what a sweep came to. Values in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sweeptree.analysis.failures import FAILED, last_error_line
from sweeptree.cli.screens.boards import job_table, leaderboard, legend, ranked_by
from sweeptree.cli.screens.terminal import (
    MAX_WIDTH,
    Column,
    clock,
    printable,
    readable,
    shorten,
    spoken,
    table,
    width,
)
from sweeptree.cli.screens.view import word
from sweeptree.model import Base, Job
from sweeptree.records import SweepPaths

_SHOWN_JOBS = 12
_SHOWN_FAILURES = 8
_SHOWN_LINKS = 5


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a dry run tells.

    `facts` are (label, text) lines; `problems` forbid a start; `notes` do not.

    `per_job` says what each job takes (`1 GPU slot`); `command` is the line that would run it for
    real.
    """

    exp_name: str
    jobs: Sequence[Job]
    parallel: int
    base: Base
    facts: Sequence[tuple[str, str]] = ()
    per_job: str = ""
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()
    command: str = ""


def plan_screen(plan: PlanView, room: int | None = None, *, everything: bool = False) -> str:
    """The plan: code, facts, the first jobs and the last, what forbids a start and what only
    matters."""
    room, many = room or width(), len(plan.jobs)
    name = plan.base.branch if plan.base.name == "HEAD" and plan.base.branch else plan.base.name
    code = (
        f'{printable(name)} @ {plan.base.commit[:7]} "{shorten(printable(plan.base.subject), 40)}"'
    )
    lines = [
        f"Plan  {plan.exp_name}   {_jobs(many)}, {plan.parallel} at a time   nothing has been changed (dry run)",
        "",
        _fact("code", f"{code}   pinned for all jobs"),
        *(_fact(label, text) for label, text in plan.facts),
        "",
        *_planned_jobs(plan, room, everything=everything),
    ]
    for mark, told in (("!", plan.problems), ("-", plan.notes)):
        lines += ["", *(line for text in told for line in _point(mark, text))] if told else []
    lines += ["", *_plan_end(plan)]
    return readable("\n".join(lines).rstrip() + "\n")


def _jobs(many: int) -> str:
    return f"{many} job" if many == 1 else f"{many} jobs"


def _fact(label: str, text: str) -> str:
    return f"  {label:<9} {printable(text)}"


def _point(mark: str, text: str) -> list[str]:
    first, *rest = text.splitlines() or [""]
    return [f"{mark} {printable(first)}", *(f"  {printable(line)}" for line in rest)]


def _planned_jobs(plan: PlanView, room: int, *, everything: bool) -> list[str]:
    columns = (
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("command", flexible=True),
        Column("takes", rank=1),
    )
    cut = not everything and len(plan.jobs) > _SHOWN_JOBS
    shown = [*plan.jobs[: _SHOWN_JOBS - 2], plan.jobs[-1]] if cut else list(plan.jobs)
    rows = [
        [
            str(job.index),
            printable(job.config_id),
            "" if job.seed is None else str(job.seed),
            printable(job.command),
            plan.per_job,
        ]
        for job in shown
    ]
    lines = table(columns, rows, room)
    if cut:
        lines.insert(len(shown), f"  … {len(plan.jobs) - len(shown)} more jobs (--all)")
    return lines


def _plan_end(plan: PlanView) -> list[str]:
    if plan.problems:
        return [
            "A real run would stop here with exit code 3 and start nothing. Put that right first."
        ]
    return (
        ["To run it:", f"  {printable(plan.command)}"]
        if plan.command
        else ["To run it, leave --dry_run out."]
    )


def final_screen(
    aggregated: Mapping[str, Any],
    paths: SweepPaths,
    exit_code: int,
    ui_url: str | None = None,
    notes: Sequence[str] = (),
    room: int | None = None,
) -> str:
    """What a sweep came to: counts, leaderboard or jobs, failures, warnings, paths and the next
    commands."""
    name = str(aggregated.get("exp_name") or paths.root.name)
    jobs: Sequence[Mapping[str, Any]] = aggregated.get("jobs") or ()
    goal, room = ranked_by(aggregated), room or width()
    lines = [_headline(name, jobs, exit_code, room), ""]
    lines += (
        leaderboard(aggregated, goal, room) if goal else job_table(_short(aggregated), None, room)
    )
    lines += legend(aggregated, goal)
    failures = failure_lines(name, jobs, room)
    lines += ["", *failures, ""] if failures else []
    lines += [
        line for warning in aggregated.get("warnings") or () for line in _point("!", str(warning))
    ]
    lines += [line for text in _unfixed(jobs) for line in _point("!", text)]
    lines += [line for text in _undelivered(jobs) for line in _point("!", text)]
    lines += [line for note in notes for line in _point("-", note)]
    lines += ["", *_where(paths), *_pull_requests(jobs, room)]
    lines += [f"  Prefect UI  {ui_url}"] if ui_url else []
    lines.append(f"Next:  {_next(name, exit_code, failed=bool(failures))}")
    return readable("\n".join(lines) + "\n")


def _short(aggregated: Mapping[str, Any]) -> dict[str, Any]:
    """Without a metric to rank by, the first jobs stand for all."""
    return {"jobs": list(aggregated.get("jobs") or ())[:_SHOWN_JOBS]}


def _headline(name: str, jobs: Sequence[Mapping[str, Any]], exit_code: int, room: int) -> str:
    counts = Counter(word(str(job.get("state") or "planned")) for job in jobs)
    told = [
        f"{name} {_ENDS.get(exit_code, 'finished')}",
        *(f"{many} {state}" for state, many in counts.items()),
    ]
    told.append(clock(_wall_seconds(jobs)))
    gpu = sum(float(job.get("gpu_seconds") or 0) for job in jobs)
    told.append(f"GPU time {spoken(gpu)}" if gpu else "")
    left, right = "   ".join(text for text in told if text), f"exit {exit_code}"
    return left + "   " + right.rjust(max(0, room - len(left) - 3))


_ENDS = {130: "interrupted", 5: "stopped at its time limit"}


def _wall_seconds(jobs: Sequence[Mapping[str, Any]]) -> float | None:
    """From the first start to the last end."""
    starts = [job["start_time"] for job in jobs if job.get("start_time")]
    ends = [job["end_time"] for job in jobs if job.get("end_time")]
    if not starts or not ends:
        return None
    try:
        return (
            datetime.fromisoformat(max(ends)) - datetime.fromisoformat(min(starts))
        ).total_seconds()
    except (TypeError, ValueError):
        return None


def failure_lines(name: str, jobs: Sequence[Mapping[str, Any]], room: int = MAX_WIDTH) -> list[str]:
    """Each failed job with its reason, the log's last error line and the command that shows more."""
    failed = [job for job in jobs if job.get("state") in FAILED]
    lines: list[str] = []
    for job in failed[:_SHOWN_FAILURES]:
        lines += _failure(name, job, room)
    if len(failed) > _SHOWN_FAILURES:
        rest = ", ".join(
            str(job.get("id")) for job in failed[_SHOWN_FAILURES : _SHOWN_FAILURES + 20]
        )
        lines.append(shorten(f"  {len(failed) - _SHOWN_FAILURES} more jobs failed: {rest}", room))
    return lines


def _failure(name: str, job: Mapping[str, Any], room: int) -> list[str]:
    index, tries = job.get("id"), len(job.get("attempts") or ())
    seed = f" seed={job['seed']}" if job.get("seed") is not None else ""
    took = f" after {spoken(job['duration_seconds'])}" if job.get("duration_seconds") else ""
    again = f"   (attempt {tries})" if tries > 1 else ""
    reason = printable(job.get("reason") or word(str(job.get("state"))))
    head = f"  job {index}  {printable(job.get('config_id') or '')}{seed}   {reason}{took}{again}"
    error = last_error_line(str(job.get("log_tail") or ""))
    lines = [shorten(head, room)]
    lines += [shorten(f"         {error}", room)] if error else []
    return [*lines, f"         sweeptree logs {name}:{index}"]


def _where(paths: SweepPaths) -> list[str]:
    names = ("aggregated.json", "aggregated.csv", "groups.csv", "report.html")
    found = [name for name in names if (paths.root / name).is_file()]
    return (
        [f"  results     {paths.root}", f"  files       {'  '.join(found)}"]
        if found
        else [f"  results     {paths.root}"]
    )


def _pull_requests(jobs: Sequence[Mapping[str, Any]], room: int) -> list[str]:
    linked = [job for job in jobs if job.get("pr_url")]
    lines = [
        shorten(f"  PR          job {job.get('id')}  {printable(job['pr_url'])}", room)
        for job in linked
    ]
    more = len(lines) - _SHOWN_LINKS
    return (
        [*lines[:_SHOWN_LINKS], f"  {more} more pull requests are named in the records"]
        if more > 0
        else lines
    )


def _unfixed(jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Auto-fixes that did not work: each reason once, with its jobs."""
    failed: dict[str, list[str]] = {}
    for job in jobs:
        fix = job.get("auto_fix")
        if fix and fix.get("exit_code") != 0:
            failed.setdefault(str(fix.get("reason")), []).append(str(job.get("id")))
    return [f"{_numbered(ids)}: auto-fix failed: {printable(why)}" for why, ids in failed.items()]


def _undelivered(jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What became of no pull request: each failure once with its jobs, and the branches that no
    forge was told of."""
    failed: dict[str, list[str]] = {}
    local: dict[str, list[str]] = {}
    for job in jobs:
        told = job.get("delivery") or {}
        if told.get("state") == "failed":
            failed.setdefault(f"{told.get('step')} failed: {told.get('reason')}", []).append(
                str(job.get("id"))
            )
        elif told.get("state") == "local":
            local.setdefault(str(told.get("reason") or ""), []).append(str(job.get("id")))
    lines = [f"{_numbered(ids)}: {printable(why)}" for why, ids in failed.items()]
    return lines + [
        f"{_numbered(ids)}: a local branch, no pull request. {printable(why)}"
        for why, ids in local.items()
    ]


def _numbered(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    return f"job{'s' * (len(ids) > 1)} {', '.join(ids[:10])}{more}"


def _next(name: str, exit_code: int, *, failed: bool) -> str:
    go_on = [f"sweeptree resume {name}"] if exit_code in (*_ENDS, 4) else []
    show = f"sweeptree show {name} --jobs" if failed else f"sweeptree show {name}"
    return "    ".join([*go_on, show, f"sweeptree status {name}"])
