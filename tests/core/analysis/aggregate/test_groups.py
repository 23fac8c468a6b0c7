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


def test_a_diverged_value_is_in_no_mean_and_stays_in_its_row(paths: SweepPaths) -> None:
    put(paths, record(0, metrics={"val_loss": 0.5}), record(1, seed=2, metrics={"val_loss": 1e300}))
    document = aggregate(paths)
    assert document.groups[0].metrics["val_loss"].mean == 0.5
    assert rows(paths.aggregated_csv)[1]["metric.val_loss"] == "1e+300"
    assert "values beyond 1e+100 are in no mean: jobs 1" in document.warnings


def test_failed_jobs_stay_and_do_not_count(paths: SweepPaths) -> None:
    put_sweep(paths)
    put(paths, record(6, seed=4, state="failed", exit_code=1, metrics={"val_auc": 0.1}))
    document = aggregate(paths)
    assert (document.groups[0].n, document.groups[0].n_failed) == (3, 1)
    assert document.summary.states == {"succeeded": 6, "failed": 1}
    assert document.summary.exit_codes == (*[0] * 6, 1)
    assert rows(paths.aggregated_csv)[6]["state"] == "failed"


def test_jobs_without_seeds_keep_all_their_values(paths: SweepPaths) -> None:
    put(paths, *(record(i, seed=None, metrics={"score": float(i)}) for i in range(3)))
    assert aggregate(paths).groups[0].metrics["score"].values == {
        "job 0": 0.0,
        "job 1": 1.0,
        "job 2": 2.0,
    }
