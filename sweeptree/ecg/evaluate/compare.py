"""Comparing runs: paired differences on the same resamples, DeLong per class with Holm, spread over
seeds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from sweeptree.analysis import stats
from sweeptree.ecg.evaluate import bootstrap, delong
from sweeptree.ecg.evaluate.judge import Verdict
from sweeptree.ecg.evaluate.scores import Floats
from sweeptree.errors import UsageError

MOST_PAIRS = 15
OVERALL = ("auc_macro", "ap_macro")
_SEED = re.compile(r"(?:^|[/_.-])seed[_=-]?(\d+)(?=$|[/_.-])")


@dataclass(frozen=True, slots=True)
class Difference:
    """a minus b in one score: NaN bounds where only a test was made.

    `p_holm` is corrected by Holm over the pairs for an overall score, over the classes of the pair
    for DeLong's test.
    """

    a: str
    b: str
    what: str
    value_a: float
    value_b: float
    low: float
    high: float
    method: str
    p: float
    p_holm: float

    @property
    def difference(self) -> float:
        """a minus b."""
        return self.value_a - self.value_b


def check_pairable(verdicts: Sequence[Verdict]) -> None:
    """Raise UsageError unless all runs judged the same records, labels and classes."""
    first = verdicts[0].run
    for verdict in verdicts[1:]:
        run = verdict.run
        if run.classes != first.classes:
            raise UsageError(
                f"{run.name} and {first.name} have different classes",
                hint="compare runs of one task",
            )
        same = np.array_equal(run.test.ids, first.test.ids) and np.array_equal(
            run.test.true, first.test.true
        )
        if not same:
            raise UsageError(
                f"{run.name} and {first.name} were tested on different records or labels",
                hint="a paired comparison needs the same test records: predict the whole test split in each run",
            )


def compare(verdicts: Sequence[Verdict], level: float) -> list[Difference]:
    """Pairs of runs of different configs (of all runs, where there is one config); if many, each
    against the best."""
    check_pairable(verdicts)
    pairs = list(combinations(verdicts, 2))
    across = [(a, b) for a, b in pairs if config_name(a.run.name) != config_name(b.run.name)]
    pairs = across or pairs
    if len(pairs) > MOST_PAIRS:
        best = max(verdicts, key=lambda v: v.overall["auc_macro"])
        pairs = [(best, other) for other in verdicts if other is not best]
    rows = [d for a, b in pairs for d in (*_overall(a, b, level), *_delong(a, b))]
    for what in OVERALL:
        places = [n for n, d in enumerate(rows) if d.what == what]
        corrected = stats.holm([rows[n].p for n in places])
        for n, p in zip(places, corrected, strict=True):
            rows[n] = replace(rows[n], p_holm=p)
    return rows


def _overall(a: Verdict, b: Verdict, level: float) -> Iterator[Difference]:
    for what in OVERALL:
        if what in a.draws:
            diff = a.draws[what] - b.draws[what]
            low, high = bootstrap.interval(diff, level)
            p = _two_sided(diff)
            values = (a.overall[what], b.overall[what])
            yield Difference(
                a.run.name, b.run.name, what, *values, low, high, "paired bootstrap", p, p
            )


def _delong(a: Verdict, b: Verdict) -> list[Difference]:
    y = a.run.test.true
    columns = range(y.shape[1])
    tests = [delong.delong(y[:, c], a.run.test.pred[:, c], b.run.test.pred[:, c]) for c in columns]
    corrected = stats.holm([t.p for t in tests])
    nan = float("nan")
    return [
        Difference(
            a.run.name, b.run.name, f"auc {name}", t.auc_a, t.auc_b, nan, nan, "DeLong", t.p, p
        )
        for name, t, p in zip(a.run.classes, tests, corrected, strict=True)
    ]


def _two_sided(diff: Floats) -> float:
    """Twice the smaller share of resamples on one side of 0; never below 1/(resamples + 1)."""
    good = diff[~np.isnan(diff)]
    if not len(good):
        return float("nan")
    below, above = int((good <= 0).sum()), int((good >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(good) + 1))


@dataclass(frozen=True, slots=True)
class Config:
    """Runs that differ only in their seed: mean and standard deviation (n - 1) of each score."""

    name: str
    runs: tuple[str, ...]
    mean: dict[str, float]
    std: dict[str, float]


def config_name(run: str) -> str:
    """The run's name without its seed."""
    return _SEED.sub("", run).strip("/") or run


def over_seeds(verdicts: Sequence[Verdict]) -> list[Config]:
    """One entry per config, best macro AUC first."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        groups[config_name(verdict.run.name)].append(verdict)
    configs = [_config(name, members) for name, members in groups.items()]
    return sorted(configs, key=lambda c: (-np.nan_to_num(c.mean["auc_macro"], nan=-1.0), c.name))


def _config(name: str, members: Sequence[Verdict]) -> Config:
    means, spreads = {}, {}
    for score in members[0].overall:
        values = np.array([v.overall[score] for v in members])
        means[score] = float(values.mean())
        spreads[score] = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return Config(name, tuple(v.run.name for v in members), means, spreads)
