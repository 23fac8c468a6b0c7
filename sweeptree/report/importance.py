"""How much of the metric's spread over the jobs each parameter explains by itself.

The jobs are ranked by the metric, so that one diverged run does not decide; a parameter's share is
epsilon squared of its groups (Kruskal and Wallis; Tomczak and Tomczak 2014): the share of the
ranks' variance between the groups, less what as many groups would show by chance. Numbers with many
values are cut into five groups of about the same size. Shares do not add up: parameters that act
only together have none, and those that were changed together share theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeptree.analysis.stats import mean
from sweeptree.model import JobState, Scalar
from sweeptree.report.sheet import Sheet
from sweeptree.report.svg import drawing, element, markup, percent
from sweeptree.report.varying import value_text

LEAST_JOBS = 20
_MOST_VALUES = 8
_BINS = 5
_HEIGHT = 18


@dataclass(frozen=True, slots=True)
class Importance:
    """A parameter's share of the spread, 0 to 1."""

    name: str
    share: float
    svg: str


def importance(sheet: Sheet) -> tuple[Importance, ...]:
    """The varying parameters, the most telling first; none with fewer than 20 jobs."""
    if sheet.objective is None or len(sheet.varying) < 2:
        return ()
    metric = sheet.objective.name
    jobs = [job for job in sheet.jobs if job.state is JobState.SUCCEEDED and metric in job.metrics]
    if len(jobs) < LEAST_JOBS:
        return ()
    ranks = _ranks([job.metrics[metric] for job in jobs])
    found = []
    for name in sheet.varying:
        share = explained(_groups([job.params for job in jobs], name), ranks)
        found.append(Importance(name, share, _bar(name, share)))
    return tuple(sorted(found, key=lambda one: -one.share))


def explained(groups: Sequence[str], ranks: Sequence[float]) -> float:
    """Epsilon squared of ranks in these groups, at least 0."""
    members: dict[str, list[float]] = {}
    for group, rank in zip(groups, ranks, strict=True):
        members.setdefault(group, []).append(rank)
    many, kinds, middle = len(ranks), len(members), mean(ranks)
    total = sum((rank - middle) ** 2 for rank in ranks)
    if total == 0 or kinds < 2 or many <= kinds:
        return 0.0
    between = sum(len(own) * (mean(own) - middle) ** 2 for own in members.values())
    within = (total - between) / (many - kinds)
    return max(0.0, (between - (kinds - 1) * within) / total)


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value; equal values share theirs."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    return [mean(places[value]) for value in values]


def _groups(params: Sequence[dict[str, Scalar]], name: str) -> list[str]:
    """The group of each job: its value, or the fifth in which its number lies."""
    texts = [value_text(own, name) for own in params]
    numbers = [own.get(name) for own in params]
    if len(set(texts)) <= _MOST_VALUES or not all(isinstance(n, int | float) for n in numbers):
        return texts
    ranks = _ranks([float(n) for n in numbers if isinstance(n, int | float)])
    return [str(int(_BINS * rank / len(ranks))) for rank in ranks]


def _bar(name: str, share: float) -> str:
    bar = element("rect", class_="share", x=0, y=3, width=percent(share), height=_HEIGHT - 6)
    label = f"{name} explains {share:.0%} of the spread"
    return markup(drawing(bar, label=label, class_="row", height=_HEIGHT))
