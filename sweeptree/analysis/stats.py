"""The statistics of seeds: mean, spread, intervals and exact tests, with the standard library
alone.

Values are finite and within MAX_MAGNITUDE, so that no square overflows.

Hides: how an exact permutation test is counted without listing every labelling, and where a
quantile of Student's t comes from. One rule is fixed beforehand: two-sided label permutation,
unpaired.
"""

from __future__ import annotations

import math
import random
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

_LESS_IS_BETTER = (
    *("loss", "error", "err", "mae", "mse", "rmse", "nll"),
    *("perplexity", "ppl", "wer", "cer", "brier", "ece"),
)
_SHARES = frozenset(
    (
        *("acc", "accuracy", "auc", "auroc", "auprc", "ap", "map", "iou", "miou", "jaccard"),
        *("dice", "f1", "fmax", "precision", "recall", "sensitivity", "specificity", "tpr", "fpr"),
        *("brier", "ece"),
    )
)
MAX_MAGNITUDE = 1e100
_NORMAL_95 = 1.959963984540054
_EXACT_SUBSETS = 300_000
_DRAWS = 100_000


class Goal(StrEnum):
    """Which way a metric is better."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Objective:
    """What a sweep ranks by, and which way is better."""

    name: str
    goal: Goal

    def cost(self, value: float) -> float:
        """The less, the better the value: what to sort by."""
        return value if self.goal is Goal.MIN else -value

    @property
    def better(self) -> str:
        """`less` or `more`: what is better, in a word."""
        return "less" if self.goal is Goal.MIN else "more"


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """`p` of the two-sided test, the least p that groups of these sizes can show, and whether p is
    exact."""

    p: float
    floor: float
    exact: bool

    @property
    def name(self) -> str:
        """The test in words."""
        return "exact permutation" if self.exact else f"permutation, {_DRAWS} seeded draws"


@dataclass(frozen=True, slots=True)
class Difference:
    """mean(values) - mean(reference), Welch's interval, and its test; `p_holm`: over all that were
    tested together."""

    delta: float
    ci95: tuple[float, float] | None
    test: PermutationTest
    p_holm: float


def objective(text: str) -> Objective:
    """Read `name`, `name:max` or `name:min`; without a goal the name decides (less of a loss)."""
    name, _, goal = text.rpartition(":")
    if name and goal in {"max", "min"}:
        return Objective(name, Goal(goal))
    return Objective(text, default_goal(text))


def default_goal(name: str) -> Goal:
    """`min` when a word of the name is a loss or an error, else `max`."""
    words = re.split(r"[/._-]", name.lower())
    return Goal.MIN if any(map(_is_cost, words)) else Goal.MAX


def _is_cost(word: str) -> bool:
    return word in _LESS_IS_BETTER or word.endswith("loss")


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean, of at least one value."""
    return math.fsum(values) / len(values)


def std(values: Sequence[float]) -> float | None:
    """The standard deviation with n - 1 below; None for a single value."""
    if len(values) < 2:
        return None
    centre = mean(values)
    return math.hypot(*(value - centre for value in values)) / math.sqrt(len(values) - 1)


def ci95(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's 95 % interval of the mean; None for a single value."""
    spread = std(values)
    if spread is None:
        return None
    half = t_quantile_95(len(values) - 1) * spread / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half


def bounds(name: str, values: Sequence[float]) -> tuple[float, float]:
    """Between which values a metric can lie: 0 and 1 for one that is a share by its name.

    A metric in percent, or one that only looks like a share, has a value outside and no bounds.
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    is_share = any(map(_is_share, words)) and all(0 <= value <= 1 for value in values)
    return (0.0, 1.0) if is_share else (-math.inf, math.inf)


def _is_share(word: str) -> bool:
    return word in _SHARES or word.endswith(("auc", "auroc", "auprc", "accuracy"))


def within(
    interval: tuple[float, float] | None, ends: tuple[float, float]
) -> tuple[float, float] | None:
    """The interval, cut where the metric cannot be; the mean lies in what is left."""
    if interval is None:
        return None
    return max(interval[0], ends[0]), min(interval[1], ends[1])


def welch_ci95(a: Sequence[float], b: Sequence[float]) -> tuple[float, float] | None:
    """Welch's 95 % interval of mean(a) - mean(b); None where a group has a single value."""
    std_a, std_b = std(a), std(b)
    if std_a is None or std_b is None:
        return None
    delta = mean(a) - mean(b)
    var_a, var_b = std_a**2 / len(a), std_b**2 / len(b)
    total = var_a + var_b
    if total == 0:
        return delta, delta
    df = 1 / ((var_a / total) ** 2 / (len(a) - 1) + (var_b / total) ** 2 / (len(b) - 1))
    half = t_quantile_95(df) * math.sqrt(total)
    return delta - half, delta + half


@lru_cache(maxsize=4096)
def t_quantile_95(df: float) -> float:
    """The t with P(|T| <= t) = 0.95 at `df` degrees of freedom (>= 1), to about 1e-12."""
    if df > 1e6:
        return _NORMAL_95
    peak = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    t = _NORMAL_95
    for _ in range(50):  # Newton from the left: the tail is convex there, so it never overshoots
        tail = _incomplete_beta(df / 2, 0.5, df / (df + t * t))
        step = (tail - 0.05) / (2 * peak * (1 + t * t / df) ** (-(df + 1) / 2))
        t += step
        if abs(step) < 1e-13 * t:
            break
    return t


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b); DLMF 8.17.22, by Lentz' method."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _not_zero(1 + even * d), _not_zero(1 + even / c)
        fraction *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _not_zero(1 + odd * d), _not_zero(1 + odd / c)
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * fraction / a


def _not_zero(value: float) -> float:
    return value or 1e-300


def floor_p(n: int, m: int) -> float:
    """The least p that a two-sided label permutation of n against m runs can show."""
    return min(1.0, (2 if n == m else 1) / math.comb(n + m, n))


def permutation_test(a: Sequence[float], b: Sequence[float]) -> PermutationTest:
    """Exact two-sided test of equal means by permuting labels; beyond some 30 runs 100,000 seeded
    draws."""
    return _permutation_test(tuple(a), tuple(b))


@lru_cache(maxsize=65536)
def _permutation_test(a: tuple[float, ...], b: tuple[float, ...]) -> PermutationTest:
    small = a if len(a) <= len(b) else b
    centre = mean(a + b)
    pooled = [value - centre for value in a + b]
    observed = abs(math.fsum(value - centre for value in small))
    slack = 1e-12 * math.fsum(map(abs, pooled))
    floor = floor_p(len(a), len(b))
    if observed <= slack:
        return PermutationTest(1.0, floor, exact=True)
    size = len(small)
    if _subsets(len(pooled) - len(pooled) // 2, size) <= _EXACT_SUBSETS:
        hits = _count_extreme(pooled, size, observed - slack)
        return PermutationTest(hits / math.comb(len(pooled), size), floor, exact=True)
    draw = random.Random(0)  # noqa: S311 - the same data must give the same p
    hits = sum(abs(math.fsum(draw.sample(pooled, size))) >= observed - slack for _ in range(_DRAWS))
    return PermutationTest((hits + 1) / (_DRAWS + 1), floor, exact=False)


def _subsets(items: int, at_most: int) -> int:
    return sum(math.comb(items, size) for size in range(min(items, at_most) + 1))


def _count_extreme(pooled: Sequence[float], size: int, least: float) -> int:
    """How many subsets of `size` have a sum of `least` or more in magnitude: halves are listed,
    pairs counted."""
    half = len(pooled) // 2
    left, right = pooled[:half], pooled[half:]
    hits = 0
    for taken in range(max(0, size - len(right)), min(size, half) + 1):
        sums = sorted(_sums(right, size - taken))
        for other in _sums(left, taken):
            hits += (
                len(sums) - bisect_left(sums, least - other) + bisect_right(sums, -least - other)
            )
    return hits


def _sums(values: Sequence[float], size: int) -> Iterator[float]:
    return map(math.fsum, combinations(values, size))


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p of each test, in the order given; NaN (there was no test) stays NaN."""
    made = [index for index, p in enumerate(ps) if not math.isnan(p)]
    adjusted = [math.nan] * len(ps)
    worst = 0.0
    for rank, index in enumerate(sorted(made, key=ps.__getitem__)):
        worst = max(worst, min(1.0, ps[index] * (len(made) - rank)))
        adjusted[index] = worst
    return tuple(adjusted)


def differences(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> list[Difference]:
    """The difference of each (reference, values), in the order given; p is adjusted over all of
    them."""
    tests = [permutation_test(reference, values) for reference, values in pairs]
    corrected = holm([test.p for test in tests])
    return [
        Difference(mean(values) - mean(reference), welch_ci95(values, reference), test, p)
        for (reference, values), test, p in zip(pairs, tests, corrected, strict=True)
    ]


def least_p(floors: Sequence[float]) -> float:
    """The least p that tests with these floors can show after Holm's correction; at least one."""
    return min(1.0, len(floors) * min(floors))


def enough_runs(tests: int) -> int:
    """How many runs per group let this many tests show p < 0.05 after Holm's correction."""
    return next(n for n in range(2, 40) if floor_p(n, n) * tests < 0.05)
