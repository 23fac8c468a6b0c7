"""Configs are ranked and honestly compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.aggregate.aggregate_kit import put, put_sweep, record
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.aggregate.ranking import rank
from sweeptree.analysis.document import JobRow
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_json


def test_the_leader_is_compared_with_an_exact_test(paths: SweepPaths) -> None:
    put_sweep(paths)
    document = aggregate(paths)
    (row,) = document.comparisons
    assert document.leaderboard == ("lr=3e-4", "lr=1e-4")
    assert (row.a, row.b, row.test) == ("lr=3e-4", "lr=1e-4", "exact permutation")
    assert (row.p, row.p_floor, row.p_holm) == pytest.approx((0.1, 0.1, 0.1))
    assert row.delta == pytest.approx(-0.0037)


def test_too_few_seeds_are_said(paths: SweepPaths) -> None:
    put_sweep(paths)
    warnings = " ".join(aggregate(paths).warnings)
    assert (
        "3 seeds per config: no exact test can show p < 0.05 (smallest possible 0.1); 4 would do"
        in warnings
    )
    assert "ranked by val_auc, max, for its name" in warnings


@pytest.mark.parametrize(("metric", "best"), [("val_auc:min", "lr=1e-4"), ("val_auc", "lr=3e-4")])
def test_the_metric_of_the_spec_decides(paths: SweepPaths, metric: str, best: str) -> None:
    put_sweep(paths)
    write_json(paths.sweep, {"spec": {"metric": metric}})
    document = aggregate(paths)
    assert document.leaderboard[0] == best
    assert document.objective.name == "val_auc"


@pytest.mark.parametrize(
    ("metric", "reported", "says"),
    [
        ("f1", {"val_auc": 1.0}, "no job reported f1"),
        ("val_acu", {"loss": 1.0, "val_auc": 1.0}, "(sweeptree show EXP --by val_auc)"),
        (None, {"a": 1.0, "b": 2.0}, "2 could be meant: a, b"),
    ],
)
def test_without_the_metric_there_is_no_ranking(
    paths: SweepPaths, metric: str | None, reported: dict[str, float], says: str
) -> None:
    put(paths, record(0, metrics=reported))
    write_json(paths.sweep, {"spec": {"metric": metric}})
    document = aggregate(paths)
    assert document.leaderboard == ()
    assert says in document.warnings[0]


@pytest.mark.parametrize("metric", ["val_auc:max", "val_auc:min"])
def test_a_config_that_diverged_has_no_rank_and_is_counted(paths: SweepPaths, metric: str) -> None:
    put(paths, record(0, metrics={"val_auc": 0.5}))
    put(paths, record(1, config="lr=1e-4", diverged=("val_auc",)))
    write_json(paths.sweep, {"spec": {"metric": metric}})
    document = aggregate(paths)
    assert document.leaderboard == ("lr=3e-4",)
    assert "1 job diverged: the last value of val_auc" in " ".join(document.warnings)


def test_a_sweep_of_diverged_jobs_says_so_and_not_that_nothing_was_reported(
    paths: SweepPaths,
) -> None:
    put(paths, record(0, diverged=("val_auc",)))
    write_json(paths.sweep, {"spec": {"metric": "val_auc"}})
    warnings = " ".join(aggregate(paths).warnings)
    assert "1 job diverged" in warnings
    assert "no job reported" not in warnings


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(allow_nan=False, allow_infinity=False)), max_size=12
    )
)
def test_no_finite_values_break_the_statistics(values: list[tuple[int, float]]) -> None:
    jobs = [
        JobRow(**record(i, config=f"lr={c}", metrics={"score": v}).model_dump())
        for i, (c, v) in enumerate(values)
    ]
    ranking = rank(jobs, "score")
    assert all(0 < row.p <= 1 and row.p <= row.p_holm <= 1 for row in ranking.comparisons)
