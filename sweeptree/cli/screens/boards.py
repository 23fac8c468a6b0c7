"""The leaderboard and the table of jobs, from the aggregated document. Lines come out."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sweeptree.analysis.document import (
    Comparison,
    Document,
    Group,
    JobRow,
    Spread,
    best_first,
    is_held_back,
)
from sweeptree.analysis.stats import Objective, least_p, mean, objective
from sweeptree.analysis.wording import short_p, signed
from sweeptree.cli.screens.terminal import Column, clock, number, printable, table
from sweeptree.model import JobState
from sweeptree.sweep.view import word

_EXTRA_METRICS = 2
_HOST_PLACE = 4  # after the state


def ranked_by(document: Document, wanted: str | None = None) -> Objective | None:
    """The metric to rank by: the wanted one, else the document's own, else the only one there is.

    None where the jobs ran on different data: then nothing is ranked.
    """
    if not document.comparable:
        return None
    if wanted:
        return objective(wanted)
    if document.objective is not None:
        return document.objective
    names = document.metric_names()
    return objective(names[0]) if len(names) == 1 else None


@dataclass(frozen=True, slots=True)
class _Board:
    """A leaderboard: its configs, the best first, those without the metric last."""

    document: Document
    goal: Objective | None
    groups: Sequence[Group]
    extras: Sequence[str]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    tests: Mapping[frozenset[str], Comparison] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document, goal: Objective | None) -> _Board:
        names = document.metric_names()
        extras = [name for name in names if _is_extra(name, goal)]
        groups = _ordered(document, goal)
        seconds, tests = _seconds(document.jobs), _tests(document, goal)
        return cls(document, goal, groups, extras[:_EXTRA_METRICS], seconds, tests)

    def main(self, group: Group) -> Spread | None:
        """The metric that ranks, of this config."""
        return group.metrics.get(self.goal.name) if self.goal else None


def _ordered(document: Document, goal: Objective | None) -> list[Group]:
    if goal is None:
        return list(document.groups)
    without = [group for group in document.groups if goal.name not in group.metrics]
    return [*best_first(document.groups, goal), *without]


def _tests(document: Document, goal: Objective | None) -> dict[frozenset[str], Comparison]:
    """The test of each two configs; ranked the other way (`--by`), the other one led when it was
    made."""
    own = [row for row in document.comparisons if goal is not None and row.metric == goal.name]
    return {frozenset((row.a, row.b)): row for row in own}


def _seconds(jobs: Sequence[JobRow]) -> dict[str, list[float]]:
    """How long the jobs that succeeded took, by config."""
    found: dict[str, list[float]] = {}
    for job in jobs:
        if job.state is JobState.SUCCEEDED and job.duration_seconds is not None:
            found.setdefault(job.config_id or "", []).append(job.duration_seconds)
    return found


def _is_extra(name: str, goal: Objective | None) -> bool:
    is_main = goal is not None and name == goal.name
    return not is_main and not is_held_back(name)


def leaderboard(document: Document, goal: Objective | None, room: int) -> list[str]:
    """One line per config: mean ± std, n, 95 % interval, distance from the best with its p."""
    board = _Board.of(document, goal)
    if not board.groups:
        return ["  no config has a result yet"]
    columns = [
        Column("rank", rank=1, right=True),
        Column("config", flexible=True),
        Column(goal.name if goal else "metric"),
        Column("n", right=True),
        Column("failed", rank=1, right=True),
        Column("95% CI", rank=2),
        Column("vs best", rank=3, right=True),
        Column("p", rank=3, right=True),
        *(Column(name, rank=5) for name in board.extras),
        Column("time", rank=4, right=True),
    ]
    rows = [_config_row(board, place, group) for place, group in enumerate(board.groups, 1)]
    return table(columns, rows, room)


def _config_row(board: _Board, place: int, group: Group) -> list[str]:
    main = board.main(group)
    taken = board.seconds.get(group.config_id)
    return [
        str(place) if main else "",
        printable(group.config_id),
        *_result(board, group, main),
        *(group.spread(name) for name in board.extras),
        clock(mean(taken)) if taken else "",
    ]


def _result(board: _Board, group: Group, main: Spread | None) -> list[str]:
    """The cells of the metric that ranks."""
    failed = str(group.n_failed or "")
    if main is None:
        shown = group.spread(board.goal.name) or "-" if board.goal else ""
        return [shown, str(group.n), failed, "", "", ""]
    return [main.text, str(main.n), failed, interval(main), *_distance(board, group, main)]


def interval(metric: Spread) -> str:
    """`0.9209 - 0.9241`, nothing for a single seed."""
    if metric.ci95 is None:
        return ""
    low, high = metric.ci95
    return f"{number(low)} - {number(high)}"


def _distance(board: _Board, group: Group, main: Spread) -> tuple[str, str]:
    """How far a config is from the best, and the p of that difference."""
    best = board.groups[0]
    top = board.main(best)
    if group is best or top is None or board.goal is None:
        return "-", ""
    found = board.tests.get(frozenset((best.config_id, group.config_id)))
    return signed(main.mean - top.mean), "" if found is None else short_p(found.p_holm)


def legend(document: Document, goal: Objective | None) -> list[str]:
    """What the signs mean, which metrics are held back, or what could be ranked by."""
    names, lines = document.metric_names(), []
    if goal is not None:
        better = f"{goal.better} {goal.name} is better"
        lines.append(f"  ± is the standard deviation over seeds; {better}")
        lines += _p_legend(document, goal)
    elif names and document.comparable:
        lines.append(f"  no metric to rank by; sweeptree show --by one of: {', '.join(names)}")
    return lines + _held_back(names, goal)


def _held_back(names: Sequence[str], goal: Objective | None) -> list[str]:
    main = goal.name if goal else ""
    kept = [name for name in names if name != main and is_held_back(name)]
    return [f"  not shown: {', '.join(kept)}   (show --by {kept[0]})"] if kept else []


def _p_legend(document: Document, goal: Objective) -> list[str]:
    floors = [row.p_floor for row in document.comparisons if row.metric == goal.name]
    if not floors:
        return []
    test = "exact permutation test against the best, Holm-adjusted"
    return [f"  p: {test}; no less than {short_p(least_p(floors))} is possible here"]


def job_table(jobs: Sequence[JobRow], goal: Objective | None, room: int) -> list[str]:
    """One line per job; failed ones stay in it. With the hosts, where not all ran here."""
    columns = [
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("state"),
        Column(goal.name if goal else "metrics", flexible=goal is None),
        Column("time", rank=1, right=True),
        Column("commit", rank=3),
        Column("note", rank=2, flexible=True),
    ]
    rows = [_job_row(job, goal) for job in jobs]
    if any(job.host not in (None, "", platform.node()) for job in jobs):
        columns.insert(_HOST_PLACE, Column("host", rank=1))
        for row, job in zip(rows, jobs, strict=True):
            row.insert(_HOST_PLACE, printable(job.host or ""))
    return table(columns, rows, room)


def _job_row(job: JobRow, goal: Objective | None) -> list[str]:
    succeeded = job.state is JobState.SUCCEEDED
    return [
        str(job.id),
        printable(job.config_id or job.cmd),
        "" if job.seed is None else str(job.seed),
        word(job.state or ""),
        printable(number(job.shown_metric(goal.name)) if goal else _metrics(job)),
        clock(job.duration_seconds),
        (job.git_commit or "")[:7],
        "" if succeeded else printable(job.reason or ""),
    ]


def _metrics(job: JobRow) -> str:
    reported = (*job.metrics, *job.diverged)
    names = [name for name in reported if not is_held_back(name)]
    shown = (f"{name}={number(job.shown_metric(name))}" for name in names[:_EXTRA_METRICS])
    return " ".join(shown)
