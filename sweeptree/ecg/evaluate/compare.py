"""Comparing runs: paired differences, DeLong per class with Holm, spread over seeds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from sweeptree.analysis import stats
from sweeptree.ecg.evaluate import delong
from sweeptree.ecg.evaluate.judge import Verdict, interval_of
from sweeptree.ecg.evaluate.predictions import Part
from sweeptree.ecg.evaluate.scores import Floats
from sweeptree.errors import UsageError

MOST_PAIRS = 15
OVERALL = ("auc_macro", "ap_macro")
_SEED = re.compile(r"(?:^|[/_.-])seed[_=-]?(\d+)(?=$|[/_.-])")


@dataclass(frozen=True, slots=True)
class Difference:
    """a minus b in one score; NaN bounds where only a test was made.

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
        if not _same_records(run.test, first.test):
            raise UsageError(
                f"{run.name} and {first.name} were tested on different records or labels",
                hint="a paired comparison needs the same test records: "
                "predict the whole test split in each run",
            )


def _same_records(a: Part, b: Part) -> bool:
    return np.array_equal(a.ids, b.ids) and np.array_equal(a.true, b.true)


def compare(verdicts: Sequence[Verdict], level: float) -> list[Difference]:
    """Every pair of runs in each overall score and, by DeLong's test, in each class.

    Pairs are of different configs (of all runs, where there is one config).
    """
    check_pairable(verdicts)
    rows: list[Difference] = []
    for a, b in _pairs(verdicts):
        rows += _overall(a, b, level)
        rows += _delong(a, b)
    for what in OVERALL:
        rows = _corrected(rows, what)
    return rows


def _pairs(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, Verdict]]:
    """The pairs to compare; if they are many, each run against the best."""
    pairs = list(combinations(verdicts, 2))
    across = [pair for pair in pairs if _differ_in_config(*pair)] or pairs
    if len(across) <= MOST_PAIRS:
        return across
    best = max(verdicts, key=lambda v: v.overall["auc_macro"])
    return [(best, other) for other in verdicts if other is not best]


def _differ_in_config(a: Verdict, b: Verdict) -> bool:
    return config_name(a.run.name) != config_name(b.run.name)


def _corrected(rows: Sequence[Difference], what: str) -> list[Difference]:
    """The same rows, with the p of one score corrected over its pairs."""
    corrected = iter(stats.holm([row.p for row in rows if row.what == what]))
    return [replace(row, p_holm=next(corrected)) if row.what == what else row for row in rows]


def _overall(a: Verdict, b: Verdict, level: float) -> Iterator[Difference]:
    for what in OVERALL:
        if what not in a.draws:
            continue
        draws = a.draws[what] - b.draws[what]
        values = (a.overall[what], b.overall[what])
        bounds = interval_of(what)(draws, values[0] - values[1], level)
        p = _two_sided(draws)
        yield Difference(a.run.name, b.run.name, what, *values, *bounds, "paired bootstrap", p, p)


def _delong(a: Verdict, b: Verdict) -> list[Difference]:
    y = a.run.test.true
    columns = range(y.shape[1])
    pred_a, pred_b = a.run.test.pred, b.run.test.pred
    tests = [delong.delong(y[:, c], pred_a[:, c], pred_b[:, c]) for c in columns]
    corrected = stats.holm([test.p for test in tests])
    names = [f"auc {name}" for name in a.run.classes]
    rows = zip(names, tests, corrected, strict=True)
    return [_tested(a.run.name, b.run.name, name, test, p) for name, test, p in rows]


def _tested(a: str, b: str, name: str, test: delong.AucTest, p_holm: float) -> Difference:
    nan = float("nan")
    return Difference(a, b, name, test.auc_a, test.auc_b, nan, nan, "DeLong", test.p, p_holm)


def _two_sided(draws: Floats) -> float:
    """Twice the smaller share of resamples on one side of 0; never below 2/(resamples + 1)."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan")
    below, above = int((known <= 0).sum()), int((known >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1))


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
    return sorted(configs, key=_place)


def _place(config: Config) -> tuple[float, str]:
    """Best first; a config without a score last."""
    return -float(np.nan_to_num(config.mean["auc_macro"], nan=-1.0)), config.name


def _config(name: str, members: Sequence[Verdict]) -> Config:
    means, spreads = {}, {}
    for score in members[0].overall:
        values = np.array([v.overall[score] for v in members])
        means[score] = float(values.mean())
        spreads[score] = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return Config(name, tuple(v.run.name for v in members), means, spreads)
