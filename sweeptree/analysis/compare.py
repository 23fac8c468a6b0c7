"""Sweeps or configs side by side: what differs between them, and the test of each difference. Pure.

The first side is the reference. One rule, as in the leaderboard: two-sided label permutation,
unpaired, Holm over all that is compared at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sweeptree.analysis import stats
from sweeptree.analysis.document import Document, Group, JobRow, best_first, is_held_back
from sweeptree.analysis.stats import Objective
from sweeptree.errors import UsageError
from sweeptree.plan import read_command, typed

_SHOWN_DATA = 3


@dataclass(frozen=True, slots=True)
class Side:
    """One config of one sweep.

    `values`: by seed, in the sweep's metric; `command`: of one of its jobs; `data`: digests of the
    datasets that its jobs ran on.
    """

    sweep: str
    config: str
    params: Mapping[str, Any]
    values: Mapping[str, float]
    commit: str = ""
    command: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    data: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """EXP:CONFIG."""
        return f"{self.sweep}:{self.config}"

    def written(self) -> Mapping[str, Any]:
        """Its parameters as its command spells them: 3e-3 rather than 0.003."""
        spelt = read_command(self.command).raw
        return {
            name: spelt[name] if typed(spelt.get(name, "")) == value else value
            for name, value in self.params.items()
        }


@dataclass(frozen=True, slots=True)
class Contrast:
    """One side against the reference, `b` minus `a`; `per_seed`: of the seeds that both ran."""

    a: str
    b: str
    delta: float
    ci95: tuple[float, float] | None
    test: str
    p: float
    p_floor: float
    p_holm: float
    n: tuple[int, int]
    per_seed: Mapping[str, float]


def common_objective(goals: Mapping[str, Objective | None]) -> Objective:
    """What all sweeps (by name) rank by.

    Raises UsageError when one ranks by nothing, or by something else.
    """
    first, *others = goals.values()
    if first is None or any(goal != first for goal in others):
        ranked = "; ".join(f"{name} ranks by {_named(goal)}" for name, goal in goals.items())
        raise UsageError(
            f"these cannot be compared: {ranked}",
            hint="name a metric that all have: --by val_auc:max",
        )
    return first


def _named(goal: Objective | None) -> str:
    return "nothing" if goal is None else f"{goal.name}:{goal.goal}"


def sides(sweep: str, document: Document, goal: Objective) -> dict[str, Side]:
    """The configs of a sweep that have the metric, the best first."""
    jobs = {job.id: job for job in document.jobs}
    leaders = best_first(document.groups, goal)
    return {
        group.config_id: _side(sweep, document, _first_job(group, jobs), group, goal)
        for group in leaders
    }


def _first_job(group: Group, jobs: Mapping[int, JobRow]) -> JobRow | None:
    return next((jobs[index] for index in group.jobs if index in jobs), None)


def _side(
    sweep: str, document: Document, job: JobRow | None, group: Group, goal: Objective
) -> Side:
    shown = (name for name in group.metrics if not is_held_back(name))
    return Side(
        sweep=sweep,
        config=group.config_id,
        params=group.params,
        values=group.metrics[goal.name].values,
        commit=document.commit or (job and job.base_commit) or "",
        command=job.cmd if job else "",
        metrics={name: group.metrics[name].mean for name in shown},
        data=group.data_digests,
    )


def check_data(compared: Iterable[Side]) -> None:
    """Raise UsageError when the sides ran on different data: part of a difference is the data's."""
    names: dict[str, str] = {}
    for side in compared:
        for digest in side.data:
            names.setdefault(digest, side.name)
    if len(names) > 1:
        shown = list(names.items())[:_SHOWN_DATA]
        where = "; ".join(f"{name} on {digest[:12]}" for digest, name in shown)
        raise UsageError(
            f"these ran on different data: {where}", hint="--mix_data compares them all the same"
        )


def contrasts(pairs: Sequence[tuple[Side, Side]]) -> list[Contrast]:
    """The difference of each (reference, other); p is adjusted over all of them."""
    values = [(list(a.values.values()), list(b.values.values())) for a, b in pairs]
    found = stats.differences(values)
    return [_contrast(a, b, one) for (a, b), one in zip(pairs, found, strict=True)]


def _contrast(a: Side, b: Side, found: stats.Difference) -> Contrast:
    return Contrast(
        a=a.name,
        b=b.name,
        delta=found.delta,
        ci95=found.ci95,
        test=found.test.name,
        p=found.test.p,
        p_floor=found.test.floor,
        p_holm=found.p_holm,
        n=(len(a.values), len(b.values)),
        per_seed={seed: b.values[seed] - a.values[seed] for seed in a.values if seed in b.values},
    )


def differing(chosen: Sequence[Side]) -> dict[str, list[Any]]:
    """The values of each parameter that is not the same on all sides, in their order; or None."""
    names = dict.fromkeys(name for side in chosen for name in side.params)
    values = {name: [side.params.get(name) for side in chosen] for name in names}
    return {name: row for name, row in values.items() if not _is_one(row)}


def _is_one(values: Sequence[object]) -> bool:
    return all(value == values[0] for value in values)


def shared_pairs(sweeps: Sequence[Mapping[str, Side]]) -> list[tuple[Side, Side]]:
    """What the first sweep has in common with each of the others, as (reference, other)."""
    first, *others = sweeps
    pairs: list[tuple[Side, Side]] = []
    for other in others:
        pairs += [(first[name], other[name]) for name in first if name in other]
    return pairs


def comparison_document(
    goal: Objective, chosen: Sequence[Side], against: Sequence[Contrast], shared: Sequence[Contrast]
) -> dict[str, Any]:
    """All of it as plain values, for scripts."""
    return {
        "metric": goal.name,
        "goal": goal.goal,
        "sides": [{**asdict(side), "name": side.name} for side in chosen],
        "differs": {
            "params": differing(chosen),
            "commit": _unless_one([side.commit for side in chosen]),
            "data": _unless_one([side.data for side in chosen]),
        },
        "comparisons": [asdict(one) for one in against],
        "same_configs": [asdict(one) for one in shared],
    }


def _unless_one(values: Sequence[object]) -> Sequence[object]:
    return [] if _is_one(values) else values
