"""Numbers against numpy, tables and hand counts."""

import math
from itertools import combinations

import numpy as np
import pytest

from sweeptree.analysis import stats

RANDOM = np.random.default_rng(7)


def by_enumeration(a: list[float], b: list[float]) -> float:
    pooled = a + b
    observed = abs(np.mean(a) - np.mean(b))
    hits = total = 0
    for chosen in combinations(range(len(pooled)), len(a)):
        left = [pooled[i] for i in chosen]
        right = [pooled[i] for i in range(len(pooled)) if i not in chosen]
        total += 1
        hits += abs(np.mean(left) - np.mean(right)) >= observed - 1e-12
    return hits / total


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_mean_and_std_are_those_of_numpy(n: int) -> None:
    values = list(RANDOM.normal(0.9, 0.01, n))
    assert stats.mean(values) == pytest.approx(np.mean(values), rel=1e-12)
    assert stats.std(values) == pytest.approx(np.std(values, ddof=1), rel=1e-12)


def test_one_value_has_no_spread() -> None:
    assert stats.std([0.5]) is None
    assert stats.ci95([0.5]) is None
    assert stats.welch_ci95([0.5], [0.4, 0.5]) is None


@pytest.mark.parametrize(
    ("df", "t"),
    [
        (1, 12.7062047364),
        (2, 4.3026527299),
        (4, 2.7764451052),
        (9, 2.2621571628),
        (29, 2.0452296421),
        (1e9, 1.9599639845),
    ],
)
def test_quantiles_are_those_of_the_t_tables(df: float, t: float) -> None:
    assert stats.t_quantile_95(df) == pytest.approx(t, abs=1e-9)


def test_interval_of_three_seeds() -> None:
    low, high = stats.ci95([0.9231, 0.9218, 0.9226]) or (0, 0)
    assert (low, high) == pytest.approx((0.920871, 0.924129), abs=1e-6)


def test_welch_interval_with_equal_variances_is_that_of_student() -> None:
    half = 2.7764451052 * (2 / 3) ** 0.5
    assert stats.welch_ci95([1, 2, 3], [4, 5, 6]) == pytest.approx((-3 - half, -3 + half), abs=1e-9)


def test_welch_counts_fewer_degrees_of_freedom_for_unequal_variances() -> None:
    low, high = stats.welch_ci95([1, 2, 3], [2, 4, 6]) or (0, 0)
    df = (5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2)
    assert (high - low) / 2 == pytest.approx(stats.t_quantile_95(df) * (5 / 3) ** 0.5)


@pytest.mark.parametrize(
    ("n", "m", "floor"), [(3, 3, 0.1), (4, 4, 2 / 70), (5, 5, 2 / 252), (3, 4, 1 / 35), (1, 1, 1.0)]
)
def test_floor_is_the_least_p_of_such_groups(n: int, m: int, floor: float) -> None:
    test = stats.permutation_test([10.0 + i for i in range(n)], [float(i) for i in range(m)])
    assert test.floor == pytest.approx(floor)
    assert test.p >= test.floor - 1e-12


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 3), (5, 5), (2, 7), (6, 6)])
def test_permutation_p_is_that_of_plain_enumeration(n: int, m: int) -> None:
    a, b = list(RANDOM.normal(0.5, 1, n)), list(RANDOM.normal(0, 1, m))
    found = stats.permutation_test(a, b)
    assert found.exact
    assert found.p == pytest.approx(by_enumeration(a, b), abs=1e-12)


def test_ties_count_as_extreme() -> None:
    a, b = [1.0, 1.0, 2.0], [1.0, 2.0, 2.0]
    assert stats.permutation_test(a, b).p == pytest.approx(by_enumeration(a, b))


def test_equal_values_are_no_difference() -> None:
    assert stats.permutation_test([0.1] * 4, [0.1] * 4).p == 1.0


@pytest.mark.slow
def test_large_groups_are_drawn_the_same_each_time() -> None:
    a, b = list(RANDOM.normal(2, 1, 6)), list(RANDOM.normal(0, 1, 60))
    first = stats.permutation_test(a, b)
    stats._permutation_test.cache_clear()
    assert not first.exact
    assert first == stats.permutation_test(a, b)
    assert 0 < first.p < 0.05


def test_holm_of_known_values() -> None:
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert stats.holm([0.9, 0.8]) == (1.0, 1.0)


def test_where_there_was_no_test_holm_corrects_the_others_only() -> None:
    *tests, none = stats.holm([0.01, 0.04, 0.03, math.nan])
    assert tests == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(none)


@pytest.mark.parametrize(
    ("text", "name", "goal"),
    [
        ("val_auc", "val_auc", "max"),
        ("val_loss", "val_loss", "min"),
        ("val/loss:max", "val/loss", "max"),
        ("mae", "mae", "min"),
    ],
)
def test_objective_reads_the_goal_or_the_name(text: str, name: str, goal: str) -> None:
    assert stats.objective(text) == stats.Objective(name, goal)


@pytest.mark.parametrize(
    ("name", "values", "bounded"),
    [
        ("val_auc", [0.99, 1.0], True),
        ("test/macroAUROC", [0.9], True),
        ("f1", [0.0, 0.2], True),
        ("accuracy", [97.0, 99.5], False),
        ("loss", [0.1, 0.2], False),
        ("gap", [0.1], False),
    ],
)
def test_a_share_is_between_zero_and_one(name: str, values: list[float], bounded: bool) -> None:
    low, high = stats.bounds(name, values)
    assert ((low, high) == (0.0, 1.0)) == bounded
    assert stats.within((-0.5, 1.5), (low, high)) == ((0.0, 1.0) if bounded else (-0.5, 1.5))
    assert stats.within(None, (low, high)) is None
