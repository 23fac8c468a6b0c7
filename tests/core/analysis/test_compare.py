"""Sweeps and configs side by side."""

import pytest

from sweeptree.analysis.compare import (
    Side,
    check_data,
    common_objective,
    comparison_document,
    contrasts,
    differing,
    shared_pairs,
)
from sweeptree.analysis.stats import objective
from sweeptree.errors import UsageError

GOAL = objective("val_auc:max")


def side(config: str, *values: float, sweep: str = "a", data: tuple[str, ...] = ()) -> Side:
    seeds = {str(seed): value for seed, value in enumerate(values)}
    return Side(sweep, config, {"lr": config}, seeds, commit="c0ffee", data=data)


def test_what_ranks_differently_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="a ranks by val_auc:max; b ranks by nothing"):
        common_objective({"a": GOAL, "b": None})
    assert common_objective({"a": GOAL, "b": GOAL}) == GOAL


def test_a_contrast_is_the_other_minus_the_reference() -> None:
    (found,) = contrasts([(side("x", 0.5, 0.75), side("y", 1.0, 1.0))])
    assert (found.a, found.b, found.delta) == ("a:x", "a:y", 0.375)
    assert found.per_seed == {"0": 0.5, "1": 0.25}
    assert found.n == (2, 2)


def test_sides_on_different_data_are_refused() -> None:
    with pytest.raises(UsageError, match="a:x on 111; a:y on 222"):
        check_data([side("x", data=("111",)), side("y", data=("222",))])
    check_data([side("x", data=("111",)), side("y", data=("111",))])


def test_only_what_differs_is_told() -> None:
    assert differing([side("x"), side("y")]) == {"lr": ["x", "y"]}
    assert differing([side("x"), side("x")]) == {}


def test_shared_configs_are_paired_with_the_first_sweep_s() -> None:
    first = {"x": side("x"), "y": side("y")}
    second = {"y": side("y", sweep="b"), "z": side("z", sweep="b")}
    assert shared_pairs([first, second]) == [(first["y"], second["y"])]


def test_the_document_tells_of_differences_only_where_there_are_some() -> None:
    chosen = [side("x", 0.5), side("y", 0.75)]
    document = comparison_document(GOAL, chosen, contrasts([(chosen[0], chosen[1])]), [])
    assert (document["metric"], document["goal"]) == ("val_auc", "max")
    assert document["differs"] == {"params": {"lr": ["x", "y"]}, "commit": [], "data": []}
    assert [one["name"] for one in document["sides"]] == ["a:x", "a:y"]


def test_parameters_are_spelt_as_the_command_has_them() -> None:
    command = "python t.py --lr 3e-3 --wd 1 --amp"
    params = {"lr": 0.003, "wd": 2, "amp": True, "x": 1}
    one = Side("a", "x", params, {}, command=command)
    assert one.written() == {"lr": "3e-3", "wd": 2, "amp": True, "x": 1}
