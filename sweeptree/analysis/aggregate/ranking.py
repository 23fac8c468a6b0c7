"""Configs → ranks, and honest comparisons with the leader. Pure."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sweeptree.analysis import stats
from sweeptree.analysis.aggregate import data
from sweeptree.analysis.aggregate.groups import (
    diverged,
    failures,
    group_jobs,
    repeats,
    without_mixed_means,
)
from sweeptree.analysis.document import Comparison, Group, JobRow, best_first
from sweeptree.analysis.stats import Objective

_KNOWN = (
    *("val_auc", "val_auroc", "val_acc", "val_accuracy", "val_f1", "val_score", "val_loss"),
    *("auc", "auroc", "acc", "accuracy", "f1", "score", "loss"),
)
_NO_RESULT = frozenset(
    {"epoch", "step", "time", "lr", "learning_rate", "seconds", "duration", "runtime"}
)
_MANY_CONFIGS = 10
_SHOWN_METRICS = 8


@dataclass(frozen=True, slots=True)
class Ranking:
    """The configs of a sweep, who leads (names in `leaderboard`), and what to be careful about."""

    groups: Sequence[Group] = ()
    leaderboard: Sequence[str] = ()
    comparisons: Sequence[Comparison] = ()
    objective: Objective | None = None
    warnings: Sequence[str] = ()
    data_digests: dict[str, int] = field(default_factory=dict)
    comparable: bool = True


def rank(jobs: Sequence[JobRow], metric: str | None, *, mix_data: bool = False) -> Ranking:
    """Group the jobs by config and rank them by `metric` (`name[:goal]`), else by a well-known one.

    Jobs on different data are not ranked, nor is a mean made over them, unless `mix_data` says so.
    """
    digests, remarks = data.digests(jobs), data.remarks(jobs, mix_data=mix_data)
    groups = group_jobs(jobs)
    if len(digests) > 1 and not mix_data:
        ranking = _unranked([without_mixed_means(group) for group in groups])
    else:
        ranking = _ranked(groups, metric, [*diverged(jobs), *repeats(jobs)])
    warnings = (*remarks, *ranking.warnings)
    return replace(ranking, warnings=warnings, data_digests=digests)


def _unranked(groups: Sequence[Group]) -> Ranking:
    return Ranking(groups, warnings=failures(groups), comparable=False)


def _ranked(groups: Sequence[Group], metric: str | None, remarks: Sequence[str]) -> Ranking:
    objective, warnings = _objective(groups, metric)
    warnings = [*warnings, *remarks, *failures(groups)]
    if objective is None:
        return Ranking(groups, warnings=warnings)
    leaders = best_first(groups, objective)
    names = [group.config_id for group in leaders]
    comparisons = compare_with_leader(leaders, objective.name)
    warnings += _cautions(leaders, comparisons, objective)
    return Ranking(_with_ranks(groups, names), names, comparisons, objective, warnings)


def _with_ranks(groups: Sequence[Group], names: Sequence[str]) -> list[Group]:
    ranks = {name: rank for rank, name in enumerate(names, 1)}
    return [group.model_copy(update={"rank": ranks.get(group.config_id)}) for group in groups]


def _objective(groups: Sequence[Group], metric: str | None) -> tuple[Objective | None, list[str]]:
    """What to rank by, and what there is to say about that choice."""
    named = (name for group in groups for name in (*group.metrics, *group.diverged))
    reported = Counter(named)
    if metric:
        return _asked_for(metric, reported, has_results=any(group.n for group in groups))
    candidates = [name for name in reported if _is_candidate(name)]
    chosen = _well_known(candidates)
    if chosen is None:
        return None, [_undecided(candidates)] if candidates else []
    goal = stats.default_goal(chosen)
    return Objective(chosen, goal), [
        f"no --metric was given; ranked by {chosen}, {goal}, for its name"
    ]


def _asked_for(
    metric: str, reported: Counter[str], *, has_results: bool
) -> tuple[Objective, list[str]]:
    wanted = stats.objective(metric)
    if wanted.name in reported or not has_results:
        return wanted, []
    return wanted, [_not_reported(wanted.name, reported)]


def _is_candidate(name: str) -> bool:
    return name.lower() not in _NO_RESULT and not _is_test_metric(name)


def _is_test_metric(name: str) -> bool:
    return name.startswith("test_")


def _well_known(candidates: Sequence[str]) -> str | None:
    """The first of the well-known names, else the only candidate."""
    known = next((name for name in _KNOWN if name in candidates), None)
    if known is None and len(candidates) == 1:
        return candidates[0]
    return known


def _not_reported(name: str, reported: Counter[str]) -> str:
    found = ", ".join(sorted(reported)[:_SHOWN_METRICS]) or "nothing"
    what = f"no job reported {name}, so there is no ranking; reported: {found}"
    return f"{what}   (sweeptree show EXP --by {_likest(name, reported)})" if reported else what


def _likest(name: str, reported: Iterable[str]) -> str:
    """What a misspelt name most likely means."""
    names = sorted(reported)
    return next(iter(difflib.get_close_matches(name, names, n=1)), names[0])


def _undecided(candidates: Sequence[str]) -> str:
    named = ", ".join(sorted(candidates)[:_SHOWN_METRICS])
    several = f"no --metric was given and {len(candidates)} could be meant: {named}"
    return f"{several}; there is no ranking"


def compare_with_leader(leaders: Sequence[Group], metric: str) -> list[Comparison]:
    """Each of the other configs against the first."""
    if len(leaders) < 2:
        return []
    leader, *others = leaders
    best = _values(leader, metric)
    pairs = [(best, _values(group, metric)) for group in others]
    found = zip(others, stats.differences(pairs), strict=True)
    return [_comparison(leader, group, metric, difference) for group, difference in found]


def _values(group: Group, metric: str) -> list[float]:
    return list(group.metrics[metric].values.values())


def _comparison(leader: Group, group: Group, metric: str, found: stats.Difference) -> Comparison:
    return Comparison(
        a=leader.config_id,
        b=group.config_id,
        metric=metric,
        delta=found.delta,
        ci95=found.ci95,
        test=found.test.name,
        p=found.test.p,
        p_floor=found.test.floor,
        n=(leader.metrics[metric].n, group.metrics[metric].n),
        p_holm=found.p_holm,
    )


def _cautions(
    leaders: Sequence[Group], comparisons: Sequence[Comparison], objective: Objective
) -> list[str]:
    found = []
    if _is_test_metric(objective.name):
        chosen = f"ranked by {objective.name}"
        found.append(f"{chosen}: choosing by a test metric makes that metric too good")
    if len(leaders) > _MANY_CONFIGS:
        best = f"the best of {len(leaders)} configs"
        found.append(f"{best} looks better than it is (winner's curse): run it on new seeds")
    if comparisons:
        found += _floor_caution(comparisons)
    return found + _interval_caution(comparisons)


def _interval_caution(comparisons: Sequence[Comparison]) -> list[str]:
    """Say where the interval and the exact test do not agree."""
    torn = sum(row.p >= 0.05 and _excludes_zero(row.ci95) for row in comparisons)
    if not torn:
        return []
    which = f"{torn} comparisons" if torn > 1 else "1 comparison"
    interval = f"{which}: 0 is outside the interval, which assumes normal values"
    return [f"{interval}, but the exact p is 0.05 or more"]


def _excludes_zero(interval: tuple[float, float] | None) -> bool:
    if interval is None:
        return False
    low, high = interval
    return low > 0 or high < 0


def _floor_caution(comparisons: Sequence[Comparison]) -> list[str]:
    """Say that so few seeds cannot show a difference, and how many could."""
    least = stats.least_p([row.p_floor for row in comparisons])
    if least < 0.05:
        return []
    count, fewest = len(comparisons), min(min(row.n) for row in comparisons)
    seeds = "1 seed" if fewest == 1 else f"{fewest} seeds"
    over = f" over {count} comparisons" if count > 1 else ""
    claim = f"{seeds} per config: no exact test can show p < 0.05{over}"
    possible = f"(smallest possible {least:.2g})"
    return [f"{claim} {possible}; {stats.enough_runs(count)} would do"]
