"""JSON objects of any shape become points."""

from typing import Any

import pytest

from sweeptree.analysis.metrics.points import finite, is_name, point, points_of


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ({"step": 3, "a": 1}, [(3, {"a": 1.0})]),
        ({"a": {"b": 2}, "ok": True, "note": "x"}, [(None, {"a.b": 2.0})]),
        ({"loss": [3, 2]}, [(1, {"loss": 3.0}), (2, {"loss": 2.0})]),
        ({"log_history": [{"step": 5, "loss": 1}]}, [(5, {"loss": 1.0})]),
    ],
)
def test_an_object_becomes_a_point_per_step(value: Any, numbers: Any) -> None:
    found = [(each.step, each.numbers) for each in points_of(value) if each.numbers]
    assert found == numbers


def test_what_is_not_finite_is_kept_by_name() -> None:
    made = point(1, {"a": float("nan"), "b": "inf", "c": 10**400, "d": 2})
    assert (made.numbers, made.not_finite) == ({"d": 2.0}, frozenset("abc"))


@pytest.mark.parametrize(("text", "number"), [("1e-3", 0.001), ("nan", None), ("x", None)])
def test_a_number_is_finite_or_none(text: str, number: float | None) -> None:
    assert finite(text) == number


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 500])
def test_hostile_text_is_no_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("name", ["\x1b[2J", "\ud800", "a\nb", "x" * 201])
def test_a_name_that_no_metric_can_have_is_left_out(name: str) -> None:
    assert point(1, {name: 1.0, "a": 1.0}).numbers == {"a": 1.0}


def test_an_underscore_makes_no_number() -> None:
    assert finite("1_0") is None
