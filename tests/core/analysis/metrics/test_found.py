"""What one source comes to: last values, the best, what diverged, what was left out."""

from sweeptree.analysis.metrics.found import MAX_NAMES, Found
from sweeptree.analysis.metrics.points import Point, Remark
from sweeptree.analysis.stats import objective


def test_the_last_value_counts_and_the_first_best() -> None:
    found = Found(objective("auc")).take_all(Point(i, {"auc": v}) for i, v in enumerate([1, 3, 3]))
    assert found.metrics("x").best == {"metric": "auc", "value": 3, "step": 1, "goal": "max"}


def test_a_metric_that_ends_with_no_number_has_no_best() -> None:
    points = [Point(1, {"auc": 0.9}), Point(2, {}, frozenset({"auc"}))]
    told = Found(objective("auc")).take_all(points).metrics("x")
    assert (told.values, told.best, told.diverged) == ({}, None, ("auc",))
    assert told.source == "x (not finite: auc)"


def test_remarks_stand_behind_the_name_of_the_source() -> None:
    found = Found(None).take_all([Remark("cut"), Remark("cut"), Point(None, {"a": 1})])
    assert found.metrics("f.csv").source == "f.csv (cut)"


def test_too_many_names_are_said() -> None:
    many = {f"m{number}": 1.0 for number in range(MAX_NAMES + 5)}
    found = Found(None).take_all([Point(None, many)])
    assert len(found.values) == MAX_NAMES
    assert "only the first 1000 names" in found.left_out()
