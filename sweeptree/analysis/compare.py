"""Sweeps or configs side by side: what differs between them, and the test of each difference. Pure.

The first side is the reference. One rule, as in the leaderboard: two-sided label permutation,
unpaired, Holm over all that is compared at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sweeptree.analysis import stats
from sweeptree.analysis.stats import Objective
from sweeptree.errors import UsageError


@dataclass(frozen=True, slots=True)
class Side:
    """One config of one sweep.

    `values`: by seed, in the sweep's metric; `command`: of one of its jobs.

    `data`: digests of the datasets that its jobs ran on.
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


@dataclass(frozen=True, slots=True)
class Contrast:
    """One side against the reference: `b` minus `a`.

    `per_seed`: the differences of the seeds that both ran.
    """

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
    told = {name: f"{goal.name}:{goal.goal}" if goal else "nothing" for name, goal in goals.items()}
    first = next(iter(goals.values()))
    if first is None or any(goal != first for goal in goals.values()):
        ranked = "; ".join(f"{name} ranks by {what}" for name, what in told.items())
        raise UsageError(
            f"these cannot be compared: {ranked}",
            hint="name a metric that all have: --by val_auc:max",
        )
    return first


def sides(sweep: str, document: Mapping[str, Any], goal: Objective) -> dict[str, Side]:
    """The configs of an aggregated document that have the metric, the best first."""
    jobs = {job["id"]: job for job in document.get("jobs") or ()}
    sign = 1.0 if goal.goal == "min" else -1.0
    groups = [group for group in document.get("groups") or () if goal.name in group["metrics"]]
    groups.sort(key=lambda group: sign * group["metrics"][goal.name]["mean"])
    return {group["config_id"]: _side(sweep, document, group, jobs, goal) for group in groups}


def _side(
    sweep: str,
    document: Mapping[str, Any],
    group: Mapping[str, Any],
    jobs: Mapping[int, Any],
    goal: Objective,
) -> Side:
    own = [jobs[index] for index in group["jobs"] if index in jobs]
    return Side(
        sweep=sweep,
        config=group["config_id"],
        params=group["params"],
        values=group["metrics"][goal.name]["values"],
        commit=str(document.get("commit") or (own[0].get("base_commit") or "" if own else "")),
        command=str(own[0]["cmd"]) if own else "",
        metrics={
            name: found["mean"]
            for name, found in group["metrics"].items()
            if not name.startswith("test")
        },
        data=tuple(group.get("data_digests") or ()),
    )


def check_data(compared: Iterable[Side]) -> None:
    """Raise UsageError when the sides ran on different data: their difference would be partly the
    data's."""
    names: dict[str, str] = {}
    for side in compared:
        for digest in side.data:
            names.setdefault(digest, side.name)
    if len(names) > 1:
        told = "; ".join(f"{name} on {digest[:12]}" for digest, name in list(names.items())[:3])
        raise UsageError(
            f"these ran on different data: {told}", hint="--mix_data compares them all the same"
        )


def contrasts(pairs: Sequence[tuple[Side, Side]]) -> list[Contrast]:
    """The difference of each (reference, other); p is adjusted over all of them."""
    found = stats.differences(
        [(list(a.values.values()), list(b.values.values())) for a, b in pairs]
    )
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
    """Per parameter that is not the same on all sides its values, in the order of the sides (None:
    it has none)."""
    names = dict.fromkeys(name for side in chosen for name in side.params)
    values = {name: [side.params.get(name) for side in chosen] for name in names}
    return {name: row for name, row in values.items() if any(value != row[0] for value in row)}


def shared_pairs(sweeps: Sequence[Mapping[str, Side]]) -> list[tuple[Side, Side]]:
    """The configs that the first sweep has in common with each of the others, as (reference,
    other)."""
    first, *others = sweeps
    return [(first[name], other[name]) for other in others for name in first if name in other]


def comparison_document(
    goal: Objective, chosen: Sequence[Side], against: Sequence[Contrast], shared: Sequence[Contrast]
) -> dict[str, Any]:
    """All of it as plain values, for scripts."""
    commits = [side.commit for side in chosen]
    return {
        "metric": goal.name,
        "goal": goal.goal,
        "sides": [{**asdict(side), "name": side.name} for side in chosen],
        "differs": {
            "params": differing(chosen),
            "commit": commits if len(set(commits)) > 1 else [],
            "data": [side.data for side in chosen]
            if len({side.data for side in chosen}) > 1
            else [],
        },
        "comparisons": [asdict(one) for one in against],
        "same_configs": [asdict(one) for one in shared],
    }
