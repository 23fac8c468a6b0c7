"""Fewer points, each metric by itself."""

from sweeptree.analysis.metrics.points import Point
from sweeptree.analysis.metrics.thinning import counted, thinned


def test_the_values_are_evenly_spread_and_the_last_stays() -> None:
    points = [Point(step, {"a": step}) for step in range(10)]
    assert [point.step for point in thinned(points, 5)] == [1, 3, 5, 7, 9]


def test_a_rare_metric_between_many_others_stays_whole() -> None:
    rare = [Point(step, {"val": step}) for step in (3, 7)]
    points = sorted([*(Point(step, {"loss": step}) for step in range(10)), *rare], key=str)
    kept = list(thinned(points, 2))
    assert counted(kept) == {"loss": 2, "val": 2}
