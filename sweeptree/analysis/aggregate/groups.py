"""Jobs → configs: mean and spread over seeds, ranks, and honest comparisons with the leader. Pure.

Only jobs that succeeded count; how many did not is said beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sweeptree.analysis import stats
from sweeptree.analysis.aggregate import data
from sweeptree.analysis.stats import Objective

Job = Mapping[str, Any]
Group = dict[str, Any]
_KNOWN = (
    *("val_auc", "val_auroc", "val_acc", "val_accuracy", "val_f1", "val_score", "val_loss"),
    *("auc", "auroc", "acc", "accuracy", "f1", "score", "loss"),
)
_NO_RESULT = {"epoch", "step", "time", "lr", "learning_rate", "seconds", "duration", "runtime"}
_MANY_CONFIGS = 10


@dataclass(frozen=True, slots=True)
class Ranking:
    """The configs of a sweep, the best first in `leaderboard` (their names), and what to be careful
    about."""

    groups: list[Group] = field(default_factory=list)
    leaderboard: list[str] = field(default_factory=list)
    comparisons: list[dict[str, Any]] = field(default_factory=list)
    objective: Objective | None = None
    warnings: list[str] = field(default_factory=list)
    data_digests: dict[str, int] = field(default_factory=dict)
    comparable: bool = True


def rank(jobs: Sequence[Job], metric: str | None, *, mix_data: bool = False) -> Ranking:
    """Group the jobs by config and rank them by `metric` (`name[:goal]`), or by one that is plain
    from its name.

    Jobs on different data are not ranked, nor is a mean made over them, unless `mix_data` says so.
    """
    digests, remarks = data.digests(jobs), data.remarks(jobs, mix_data=mix_data)
    if len(digests) > 1 and not mix_data:
        groups = [_without_mixed(group) for group in _groups(jobs)]
        return Ranking(
            groups, warnings=[*remarks, *_failures(groups)], data_digests=digests, comparable=False
        )
    standing = _ranked(jobs, metric)
    return replace(standing, warnings=[*remarks, *standing.warnings], data_digests=digests)


def _without_mixed(group: Group) -> Group:
    return {**group, "metrics": {}} if len(group["data_digests"]) > 1 else group


def _ranked(jobs: Sequence[Job], metric: str | None) -> Ranking:
    groups = _groups(jobs)
    objective, warnings = _objective(groups, metric)
    warnings += _diverged(jobs)
    if objective is None:
        return Ranking(groups, warnings=[*warnings, *_failures(groups)])
    ranked = sorted(
        (group for group in groups if objective.name in group["metrics"]),
        key=lambda group: group["metrics"][objective.name]["mean"],
        reverse=objective.goal == "max",
    )
    for rank, group in enumerate(ranked, 1):
        group["rank"] = rank
    comparisons = _comparisons(ranked, objective.name)
    cautions = _cautions(ranked, comparisons, objective)
    return Ranking(
        groups,
        [group["config_id"] for group in ranked],
        comparisons,
        objective,
        [*warnings, *_failures(groups), *cautions],
    )


def _groups(jobs: Sequence[Job]) -> list[Group]:
    members: dict[str, list[Job]] = {}
    for job in jobs:
        if job["config_id"]:
            members.setdefault(job["config_id"], []).append(job)
    return [_group(name, group) for name, group in members.items()]


def _group(name: str, jobs: Sequence[Job]) -> Group:
    good = [job for job in jobs if job["state"] == "succeeded"]
    params = dict(jobs[0]["params"])
    for job in jobs[1:]:
        params = {key: value for key, value in params.items() if job["params"].get(key) == value}
    return {
        "config_id": name,
        "params": params,
        "seeds": sorted({job["seed"] for job in jobs if job["seed"] is not None}),
        "jobs": [job["id"] for job in jobs],
        "n": len(good),
        "n_failed": sum(job["state"] not in ("succeeded", "planned", "running") for job in jobs),
        "metrics": _metrics(good),
        "data_digests": list(data.digests(good)),
        "rank": None,
    }


def _metrics(jobs: Sequence[Job]) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, float]] = {}
    for job in jobs:
        for name, value in _usable(job):
            known = values.setdefault(name, {})
            seed = job["seed"]
            key = f"job {job['id']}" if seed is None or str(seed) in known else str(seed)
            known[key] = value
    return {name: _described(values[name]) for name in sorted(values)}


def _usable(job: Job) -> list[tuple[str, float]]:
    return [
        (name, value) for name, value in job["metrics"].items() if abs(value) <= stats.MAX_MAGNITUDE
    ]


def _diverged(jobs: Sequence[Job]) -> list[str]:
    """Values so large that they would be the mean: they stay in the rows of their jobs only."""
    hit = [str(job["id"]) for job in jobs if len(_usable(job)) < len(job["metrics"])]
    if not hit:
        return []
    more = f" and {len(hit) - 10} more" if len(hit) > 10 else ""
    return [
        f"values beyond {stats.MAX_MAGNITUDE:g} are in no mean: jobs {', '.join(hit[:10])}{more}"
    ]


def _described(values: Mapping[str, float]) -> dict[str, Any]:
    numbers = list(values.values())
    spread, interval = stats.std(numbers), stats.ci95(numbers)
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return {
        "n": len(numbers),
        "mean": stats.mean(numbers),
        "std": spread,
        "sem": None if spread is None else spread / len(numbers) ** 0.5,
        "ci95": None if interval is None else list(interval),
        "min": ordered[0],
        "max": ordered[-1],
        "median": (ordered[middle] + ordered[~middle]) / 2,
        "values": dict(values),
    }


def _objective(groups: Sequence[Group], metric: str | None) -> tuple[Objective | None, list[str]]:
    reported = Counter(name for group in groups for name in group["metrics"])
    if metric:
        wanted = stats.objective(metric)
        if wanted.name in reported or not any(group["n"] for group in groups):
            return wanted, []
        found = ", ".join(sorted(reported)[:8]) or "nothing"
        return wanted, [f"no job reported {wanted.name}, so there is no ranking; reported: {found}"]
    candidates = [
        name for name in reported if name.lower() not in _NO_RESULT and not name.startswith("test_")
    ]
    known = [name for name in _KNOWN if name in candidates]
    chosen = known[0] if known else candidates[0] if len(candidates) == 1 else None
    if chosen is None:
        several = f"no --metric was given and {len(candidates)} could be meant: {', '.join(sorted(candidates)[:8])}"
        return None, [f"{several}; there is no ranking"] if candidates else []
    goal = stats.default_goal(chosen)
    return Objective(chosen, goal), [
        f"no --metric was given; ranked by {chosen}, {goal}, for its name"
    ]


def _failures(groups: Sequence[Group]) -> list[str]:
    hit = [group for group in groups if group["n_failed"] and group["n"]]
    texts = [
        f"{group['config_id']}: {group['n_failed']} of {len(group['jobs'])} jobs did not succeed; "
        f"its mean is over the other {group['n']}"
        for group in hit[:10]
    ]
    return (
        [*texts, f"and {len(hit) - 10} more configs with failed jobs"] if len(hit) > 10 else texts
    )


def _comparisons(ranked: Sequence[Group], name: str) -> list[dict[str, Any]]:
    """Each config (`b`) against the leader (`a`); `delta` and `ci95` are of mean(b) - mean(a)."""
    if len(ranked) < 2:
        return []
    leader, *others = ranked
    best = list(leader["metrics"][name]["values"].values())
    values = [list(group["metrics"][name]["values"].values()) for group in others]
    found = zip(others, values, stats.differences([(best, own) for own in values]), strict=True)
    return [
        {
            "a": leader["config_id"],
            "b": group["config_id"],
            "metric": name,
            "delta": one.delta,
            "ci95": None if one.ci95 is None else list(one.ci95),
            "test": one.test.name,
            "p": one.test.p,
            "p_floor": one.test.floor,
            "n": [len(best), len(own)],
            "p_holm": one.p_holm,
        }
        for group, own, one in found
    ]


def _cautions(
    ranked: Sequence[Group], comparisons: Sequence[Mapping[str, Any]], objective: Objective
) -> list[str]:
    found = []
    if objective.name.startswith("test_"):
        found.append(
            f"ranked by {objective.name}: choosing by a test metric makes that metric too good"
        )
    if len(ranked) > _MANY_CONFIGS:
        found.append(
            f"the best of {len(ranked)} configs looks better than it is (winner's curse): run it on new seeds"
        )
    if comparisons:
        found += _floor_caution(comparisons)
    torn = sum(row["p"] >= 0.05 and _excludes_zero(row["ci95"]) for row in comparisons)
    if torn:
        which = f"{torn} comparisons" if torn > 1 else "1 comparison"
        found.append(
            f"{which}: 0 is outside the interval, which assumes normal values, but the exact p is 0.05 or more"
        )
    return found


def _excludes_zero(interval: Sequence[float] | None) -> bool:
    return interval is not None and (interval[0] > 0 or interval[1] < 0)


def _floor_caution(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say that so few seeds cannot show a difference, and how many could."""
    count = len(comparisons)
    least = stats.least_p([row["p_floor"] for row in comparisons])
    if least < 0.05:
        return []
    fewest = min(min(row["n"]) for row in comparisons)
    over = f" over {count} comparisons" if count > 1 else ""
    seeds = "1 seed" if fewest == 1 else f"{fewest} seeds"
    text = (
        f"{seeds} per config: no exact test can show p < 0.05{over} (smallest possible {least:.2g})"
    )
    return [f"{text}; {stats.enough_runs(count)} would do"]
