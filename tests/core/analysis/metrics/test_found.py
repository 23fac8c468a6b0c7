"""What one source comes to: last values, the best, what diverged, what was left out."""

import itertools

from sweeptree.analysis.metrics.found import MAX_NAMES, MAX_NUMBERS, Found
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


def test_there_is_always_room_for_the_wanted_metric() -> None:
    many = {f"m{number}": 1.0 for number in range(MAX_NAMES + 5)}
    found = Found(objective("auc")).take_all([Point(None, {**many, "auc": 0.9})])
    assert found.has_wanted
    assert found.metrics("x").best is not None


def test_a_flood_of_steps_and_of_remarks_ends() -> None:
    flood = (Remark(str(number)) for number in itertools.count())
    found = Found(None).take_all(itertools.chain([Point(None, {"a": 1})], flood))
    assert found.values == {"a": 1}
    assert len(found.remarks) == 3


def test_what_is_kept_for_curves_is_bounded_and_spans_them_all() -> None:
    wide = {f"m{number}": 1.0 for number in range(MAX_NAMES + 500)}
    found = Found(None).take_all(Point(step, wide) for step in range(1500))
    assert sum(len(each.numbers) for each in found.points) <= MAX_NUMBERS
    assert (found.points[0].step or 0) < 200
    assert found.points[-1].step == 1499
