"""The leaderboard and the table of jobs, from the aggregated document.

Pure: values in, lines out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sweeptree.analysis.stats import Objective, least_p, objective
from sweeptree.cli.screens.terminal import Column, clock, number, printable, table
from sweeptree.cli.screens.view import word

_EXTRA_METRICS = 2
_HELD_BACK = "test"


def ranked_by(document: Mapping[str, Any], wanted: str | None = None) -> Objective | None:
    """The metric to rank by: as wanted (`name`, `name:min`), else the document's own, else the only
    one there is.

    None where the jobs ran on different data: then nothing is ranked.
    """
    if not is_comparable(document):
        return None
    if wanted:
        return objective(wanted)
    own = document.get("objective")
    if isinstance(own, Mapping) and isinstance(own.get("name"), str):
        return Objective(own["name"], "min" if own.get("goal") == "min" else "max")
    names = metric_names(document)
    return objective(names[0]) if len(names) == 1 else None


def is_comparable(document: Mapping[str, Any]) -> bool:
    """False when the aggregator refused to rank jobs that ran on different data."""
    return document.get("comparable") is not False


def metric_names(document: Mapping[str, Any]) -> list[str]:
    """All metrics that some config has, in the order in which they are met."""
    found: dict[str, None] = {}
    for group in document.get("groups") or ():
        found.update(dict.fromkeys(group.get("metrics") or {}))
    return list(found)


def ordered(document: Mapping[str, Any], goal: Objective | None) -> list[Mapping[str, Any]]:
    """The groups, best first; those without the metric last, as they come."""
    groups: list[Mapping[str, Any]] = list(document.get("groups") or ())
    if goal is None:
        return groups
    sign = 1.0 if goal.goal == "min" else -1.0
    return sorted(
        groups,
        key=lambda group: (
            mean_of(group, goal.name) is None,
            sign * (mean_of(group, goal.name) or 0),
        ),
    )


def mean_of(group: Mapping[str, Any], metric: str) -> float | None:
    """The mean of a metric over a config's seeds."""
    found = (group.get("metrics") or {}).get(metric) or {}
    value = found.get("mean")
    return float(value) if isinstance(value, int | float) else None


def leaderboard(document: Mapping[str, Any], goal: Objective | None, room: int) -> list[str]:
    """One line per config: mean ± std, n, the 95 % interval and the distance from the best, with
    its p."""
    groups = ordered(document, goal)
    if not groups:
        return ["  no config has a result yet"]
    extras = [name for name in metric_names(document) if _is_extra(name, goal)][:_EXTRA_METRICS]
    columns = [
        Column("rank", rank=1, right=True),
        Column("config", flexible=True),
        Column(goal.name if goal else "metric"),
        Column("n", right=True),
        Column("failed", rank=1, right=True),
        Column("95% CI", rank=2),
        Column("vs best", rank=3, right=True),
        Column("p", rank=3, right=True),
        *(Column(name, rank=5) for name in extras),
        Column("time", rank=4, right=True),
    ]
    rows = [_config_row(document, groups, place, goal, extras) for place in range(len(groups))]
    return table(columns, rows, room)


def _is_extra(name: str, goal: Objective | None) -> bool:
    """Test metrics are shown only when asked for by name: looking at them while choosing spoils
    them."""
    return (goal is None or name != goal.name) and not name.lower().startswith(_HELD_BACK)


def _config_row(
    document: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]],
    place: int,
    goal: Objective | None,
    extras: Sequence[str],
) -> list[str]:
    group = groups[place]
    metrics = group.get("metrics") or {}
    main = metrics.get(goal.name) or {} if goal else {}
    delta, p = _distance(document, groups[0], group, goal) if main and goal else ("", "")
    return [
        str(place + 1) if main else "",
        printable(group.get("config_id", "")),
        spread(main) or ("-" if goal else ""),
        str(_n(group, main)),
        str(group.get("n_failed") or ""),
        interval(main),
        delta,
        p,
        *(spread(metrics.get(name) or {}) for name in extras),
        clock(_mean_seconds(document, group)),
    ]


def _n(group: Mapping[str, Any], main: Mapping[str, Any]) -> int:
    values = main.get("values")
    return len(values) if values else int(group.get("n") or 0)


def spread(metric: Mapping[str, Any]) -> str:
    """`0.9225 ± 0.0007`; only the mean for a single seed."""
    if not isinstance(metric.get("mean"), int | float):
        return ""
    deviation = metric.get("std")
    return number(metric["mean"]) + (
        f" ± {number(float(deviation))}" if isinstance(deviation, int | float) else ""
    )


def interval(metric: Mapping[str, Any]) -> str:
    """`0.9209 - 0.9241`, nothing for a single seed."""
    ends = metric.get("ci95")
    if not isinstance(ends, Sequence) or len(ends) != 2 or None in ends:
        return ""
    return f"{number(float(ends[0]))} - {number(float(ends[1]))}"


def _distance(
    document: Mapping[str, Any], best: Mapping[str, Any], group: Mapping[str, Any], goal: Objective
) -> tuple[str, str]:
    """How far a config is from the best, and the p of that difference."""
    top, own = mean_of(best, goal.name), mean_of(group, goal.name)
    if group is best or top is None or own is None:
        return "-" if group is best else "", ""
    delta = ("+" if own >= top else "-") + number(abs(own - top))
    found = _comparison(document, best.get("config_id"), group.get("config_id"), goal.name)
    return delta, "" if found is None else f"{_p(found):.2g}"


def _p(comparison: Mapping[str, Any]) -> float:
    return float(comparison.get("p_holm", comparison.get("p")))


def legend(document: Mapping[str, Any], goal: Objective | None) -> list[str]:
    """What the leaderboard's signs mean, which metrics are held back, or what it could be ranked
    by."""
    names, lines = metric_names(document), []
    if goal is not None:
        better = "less" if goal.goal == "min" else "more"
        lines.append(f"  ± is the standard deviation over seeds; {better} {goal.name} is better")
        lines += _p_legend(document, goal)
    elif names and is_comparable(document):
        lines.append(f"  no metric to rank by; sweeptree show --by one of: {', '.join(names)}")
    kept = [
        name for name in names if not _is_extra(name, goal) and (goal is None or name != goal.name)
    ]
    return [*lines, f"  not shown: {', '.join(kept)}   (show --by {kept[0]})"] if kept else lines


def _p_legend(document: Mapping[str, Any], goal: Objective) -> list[str]:
    found = [
        one
        for one in document.get("comparisons") or ()
        if one.get("metric") == goal.name and one.get("p_floor")
    ]
    if not found:
        return []
    floor = least_p([float(one["p_floor"]) for one in found])
    return [
        f"  p: exact permutation test against the best, Holm-adjusted; no less than {floor:.2g} is possible here"
    ]


def _comparison(
    document: Mapping[str, Any], a: object, b: object, metric: str
) -> Mapping[str, Any] | None:
    for found in document.get("comparisons") or ():
        same = {found.get("a"), found.get("b")} == {a, b} and found.get("metric", metric) == metric
        if same and isinstance(found.get("p_holm", found.get("p")), int | float):
            return dict(found)
    return None


def _mean_seconds(document: Mapping[str, Any], group: Mapping[str, Any]) -> float | None:
    """The mean time of a config's jobs that succeeded."""
    taken = [
        float(job["duration_seconds"])
        for job in document.get("jobs") or ()
        if job.get("config_id") == group.get("config_id")
        and job.get("state") == "succeeded"
        and isinstance(job.get("duration_seconds"), int | float)
    ]
    return sum(taken) / len(taken) if taken else None


def job_table(document: Mapping[str, Any], goal: Objective | None, room: int) -> list[str]:
    """One line per job; failed ones stay in it."""
    columns = (
        Column("job", right=True),
        Column("config", flexible=True),
        Column("seed", right=True),
        Column("state"),
        Column(goal.name if goal else "metrics", flexible=goal is None),
        Column("time", rank=1, right=True),
        Column("commit", rank=3),
        Column("note", rank=2, flexible=True),
    )
    return table(columns, [_job_row(job, goal) for job in document.get("jobs") or ()], room)


def _job_row(job: Mapping[str, Any], goal: Objective | None) -> list[str]:
    metrics = job.get("metrics") or {}
    if goal:
        shown = number(metrics.get(goal.name))
    else:
        told = [
            f"{name}={number(value)}" for name, value in metrics.items() if _is_extra(name, None)
        ]
        shown = " ".join(told[:2])
    state = str(job.get("state") or "")
    return [
        str(job.get("id", "")),
        printable(job.get("config_id") or job.get("cmd") or ""),
        "" if job.get("seed") is None else str(job["seed"]),
        word(state),
        printable(shown),
        clock(job.get("duration_seconds")),
        str(job.get("git_commit") or "")[:7],
        printable(job.get("reason") or "") if state != "succeeded" else "",
    ]
