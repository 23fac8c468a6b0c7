"""The last screen of a sweep: what it came to, where it is, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sweeptree.analysis.document import Document, JobRow
from sweeptree.analysis.durations import running_seconds
from sweeptree.cli.screens.boards import job_table, leaderboard, legend, ranked_by
from sweeptree.cli.screens.causes import cause_lines
from sweeptree.cli.screens.terminal import (
    clock,
    counted,
    point_lines,
    printable,
    readable,
    shorten,
    size,
    spoken,
    width,
)
from sweeptree.model import DeliveryState, ExitCode
from sweeptree.records import SweepPaths
from sweeptree.sweep.view import word

_Jobs = Sequence[JobRow]
_SHOWN_JOBS = 12
_MUCH_LONGER = 1.1
_SHOWN_LINKS = 5
_SHOWN_NUMBERS = 10
_SHOWN_FILES = ("aggregated.json", "aggregated.csv", "groups.csv", "report.html")
_ENDS: Mapping[int, str] = {
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.TIME_LIMIT: "stopped at its time limit",
}
_RESUMABLE = (*_ENDS, ExitCode.STEP_FAILED)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a sweep ended: its aggregates, its files, its exit code, and notes on the run itself."""

    aggregated: Document
    paths: SweepPaths
    exit_code: int
    ui: str | None = None  # where it is, and what opens it
    notes: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.aggregated.exp_name

    @property
    def jobs(self) -> _Jobs:
        """The jobs as the aggregates hold them."""
        return self.aggregated.jobs


def final_screen(ending: Ending, room: int | None = None) -> str:
    """Counts, the leaderboard or the jobs, failures, warnings, paths and the next commands."""
    room = room or width()
    failures = cause_lines(ending.name, ending.jobs, room)
    lines = [
        _headline(ending, room),
        "",
        *_results(ending.aggregated, room),
        *(["", *failures, ""] if failures else []),
        *_points("!", ending.aggregated.warnings),
        *_points("!", _unfixed(ending.jobs)),
        *_points("!", _undelivered(ending.jobs)),
        *_points("!", _left_in_worktrees(ending.jobs)),
        *_points("-", _left_on_hosts(ending.jobs)),
        *_points("-", ending.notes),
        "",
        *_where(ending, room),
        f"Next:  {_next(ending, has_failures=bool(failures))}",
    ]
    return readable("\n".join(lines) + "\n")


def _results(aggregated: Document, room: int) -> list[str]:
    """The leaderboard; without a metric to rank by, the first jobs."""
    goal = ranked_by(aggregated)
    if goal:
        return [*leaderboard(aggregated, goal, room), *legend(aggregated, goal)]
    first = aggregated.jobs[:_SHOWN_JOBS]
    return [*job_table(first, None, room), *legend(aggregated, goal)]


def _points(mark: str, texts: Iterable[object]) -> list[str]:
    return [line for text in texts for line in point_lines(mark, str(text))]


def _headline(ending: Ending, room: int) -> str:
    jobs = ending.jobs
    counts = Counter(word(job.state or "planned") for job in jobs)
    gpu = sum(job.gpu_seconds or 0 for job in jobs)
    parts = [
        f"{ending.name} {_ENDS.get(ending.exit_code, 'finished')}",
        *(f"{many} {state}" for state, many in counts.items()),
        _times(ending),
        f"GPU time {spoken(gpu)}" if gpu else "",
    ]
    left = "   ".join(part for part in parts if part)
    right = f"exit {int(ending.exit_code)}"
    return left + "   " + right.rjust(max(0, room - len(left) - 3))


def _times(ending: Ending) -> str:
    """The time in which jobs ran, and that from first to last where pauses made it longer."""
    active, wall = running_seconds(ending.jobs), ending.aggregated.summary.wall_seconds
    if active is None or wall is None or wall < _MUCH_LONGER * active or wall < active + 60:
        return clock(active)
    return f"{clock(active)} active of {clock(wall)}"


def _where(ending: Ending, room: int) -> list[str]:
    root = ending.paths.root
    files = [name for name in _SHOWN_FILES if (root / name).is_file()]
    lines = [f"  results     {root}"]
    if files:
        lines.append(f"  files       {'  '.join(files)}")
    lines += _pull_requests(ending.jobs, room)
    if ending.ui:
        lines.append(f"  Prefect UI  {ending.ui}")
    return lines


def _pull_requests(jobs: _Jobs, room: int) -> list[str]:
    linked = [job for job in jobs if job.pr_url]
    lines = [
        shorten(f"  PR          job {job.id}  {printable(job.pr_url)}", room)
        for job in linked[:_SHOWN_LINKS]
    ]
    more = len(linked) - _SHOWN_LINKS
    if more > 0:
        lines.append(f"  {more} more pull requests are named in the records")
    return lines


def _unfixed(jobs: _Jobs) -> list[str]:
    """Auto-fixes that did not work: each reason once, with its jobs."""
    failed: dict[str, list[str]] = {}
    for job in jobs:
        fix = job.auto_fix
        if fix and fix.get("exit_code") != 0:
            failed.setdefault(str(fix.get("reason")), []).append(str(job.id))
    return [f"{_numbered(ids)}: auto-fix failed: {printable(why)}" for why, ids in failed.items()]


def _left_in_worktrees(jobs: _Jobs) -> list[str]:
    """What was not moved to the artifacts, and where it is."""
    left = [job for job in jobs if job.left_in_worktree and job.worktree]
    lines = [
        f"job {job.id}: {counted(job.left_in_worktree, 'file')} only in its worktree, which is "
        f"kept: {printable(str(job.worktree))}"
        for job in left[:_SHOWN_LINKS]
    ]
    more = len(left) - _SHOWN_LINKS
    if more > 0:
        lines.append(f"{counted(more, 'more job')} with files only in their worktrees: the records")
    return lines


def _left_on_hosts(jobs: _Jobs) -> list[str]:
    """What was to stay where it was made (`--artifacts keep-remote`)."""
    kept = [file for job in jobs for file in job.remote_artifacts]
    sizes: dict[str, list[int]] = {}
    for file in kept:
        sizes.setdefault(file.host, []).append(file.bytes)
    return [
        f"{counted(len(each), 'file')} ({size(sum(each))}) on {printable(host)} only: "
        f"remote_artifacts in the records has path and sha256"
        for host, each in sizes.items()
    ]


def _undelivered(jobs: _Jobs) -> list[str]:
    """What became no pull request: each failure once with its jobs, then the local branches."""
    failed: dict[str, list[str]] = {}
    local: dict[str, list[str]] = {}
    for job in jobs:
        delivery = job.delivery
        if delivery is None:
            continue
        if delivery.state is DeliveryState.FAILED:
            why = f"{delivery.step} failed: {delivery.reason}"
            failed.setdefault(why, []).append(str(job.id))
        elif delivery.state is DeliveryState.LOCAL:
            local.setdefault(delivery.reason or "", []).append(str(job.id))
    return [
        *(f"{_numbered(ids)}: {printable(why)}" for why, ids in failed.items()),
        *(_only_local(ids, why) for why, ids in local.items()),
    ]


def _only_local(ids: Sequence[str], why: str) -> str:
    return f"{_numbered(ids)}: a local branch, no pull request. {printable(why)}"


def _numbered(ids: Sequence[str]) -> str:
    noun = "job" if len(ids) == 1 else "jobs"
    first = ", ".join(ids[:_SHOWN_NUMBERS])
    more = len(ids) - _SHOWN_NUMBERS
    return f"{noun} {first} and {more} more" if more > 0 else f"{noun} {first}"


def _next(ending: Ending, *, has_failures: bool) -> str:
    name = ending.name
    commands = [f"sweeptree resume {name}"] if ending.exit_code in _RESUMABLE else []
    commands.append(f"sweeptree show {name} --jobs" if has_failures else f"sweeptree show {name}")
    commands.append(f"sweeptree status {name}")
    return "    ".join(commands)
