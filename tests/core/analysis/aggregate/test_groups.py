"""Jobs become configs: mean and spread over seeds."""

import numpy as np
import pytest

from core.analysis.aggregate.aggregate_kit import VALUES, put, put_sweep, record, rows
from sweeptree.analysis.aggregate import aggregate
from sweeptree.records import SweepPaths


def test_groups_have_mean_and_spread_over_seeds(paths: SweepPaths) -> None:
    put_sweep(paths)
    first = aggregate(paths).groups[0]
    spread = first.metrics["val_auc"]
    assert (first.config_id, first.seeds, first.n, first.rank) == (
        "lr=3e-4",
        (1, 2, 3),
        3,
        1,
    )
    assert first.params == {"lr": 3e-4}
    assert spread.mean == pytest.approx(np.mean(VALUES["lr=3e-4"]), rel=1e-12)
    assert spread.std == pytest.approx(np.std(VALUES["lr=3e-4"], ddof=1), rel=1e-12)
    assert spread.values == {"1": 0.9231, "2": 0.9218, "3": 0.9226}


def test_a_value_beyond_all_bounds_has_diverged_and_stays_in_its_row(paths: SweepPaths) -> None:
    put(paths, record(0, metrics={"val_loss": 0.5}), record(1, seed=2, metrics={"val_loss": 1e300}))
    document = aggregate(paths)
    assert "val_loss" not in document.groups[0].metrics
    assert rows(paths.aggregated_csv)[1]["metric.val_loss"] == "1e+300"
    assert document.groups[0].spread("val_loss") == "diverged (1 of 2)"


def test_a_diverged_seed_leaves_its_config_without_a_mean(paths: SweepPaths) -> None:
    put(paths, record(0, metrics={"val_loss": 0.5}), record(1, seed=2, diverged=("val_loss",)))
    group = aggregate(paths).groups[0]
    assert (group.rank, group.diverged, dict(group.metrics)) == (None, {"val_loss": 1}, {})
    assert rows(paths.aggregated_csv)[1]["diverged"] == "val_loss"
    assert rows(paths.groups_csv)[0]["diverged"] == "val_loss"


def test_a_cancelled_job_has_not_failed(paths: SweepPaths) -> None:
    put(paths, record(0, seed=1), record(1, seed=2, state="cancelled", exit_code=None))
    (group,) = aggregate(paths).groups
    assert (group.n, group.n_failed) == (1, 0)


def test_failed_jobs_stay_and_do_not_count(paths: SweepPaths) -> None:
    put_sweep(paths)
    put(paths, record(6, seed=4, state="failed", exit_code=1, metrics={"val_auc": 0.1}))
    document = aggregate(paths)
    assert (document.groups[0].n, document.groups[0].n_failed) == (3, 1)
    assert document.summary.states == {"succeeded": 6, "failed": 1}
    assert document.summary.exit_codes == (*[0] * 6, 1)
    assert rows(paths.aggregated_csv)[6]["state"] == "failed"


@pytest.mark.parametrize("seed", [None, 1])
def test_the_same_command_counts_once(paths: SweepPaths, seed: int | None) -> None:
    put(paths, *(record(i, seed=seed, metrics={"score": 0.5}) for i in range(3)))
    document = aggregate(paths)
    group = document.groups[0]
    assert (group.n, group.jobs, group.metrics["score"].std) == (1, (0, 1, 2), None)
    assert any("jobs 1, 2" in text for text in document.warnings)


def test_the_same_command_with_other_seeds_counts_each_time(paths: SweepPaths) -> None:
    put(paths, *(record(i, seed=i, metrics={"score": 0.5}) for i in range(3)))
    assert aggregate(paths).groups[0].n == 3


def test_jobs_without_seeds_keep_all_their_values(paths: SweepPaths) -> None:
    put(paths, *(record(i, seed=None, cmd=f"t {i}", metrics={"score": float(i)}) for i in range(3)))
    assert aggregate(paths).groups[0].metrics["score"].values == {
        "job 0": 0.0,
        "job 1": 1.0,
        "job 2": 2.0,
    }
