"""Runs side by side: pairs, corrections, seeds."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, judge, save, table
from sweeptree.analysis.stats import holm
from sweeptree.ecg.evaluate import compare
from sweeptree.errors import UsageError


@pytest.fixture
def sweep(tmp_path):
    for config, strength in (("weak", 0.3), ("strong", 2.5)):
        for seed in (1, 2, 3):
            values = arrays(seed=seed, strength=strength)
            save(
                tmp_path / "sweep" / config / f"seed{seed}",
                pred=values["pred"],
                val_pred=values["val_pred"],
            )
    return tmp_path / "sweep"


@pytest.mark.parametrize(
    ("run", "config"),
    [
        ("unet/seed1", "unet"),
        ("unet_lr_3e-4_seed2", "unet_lr_3e-4"),
        ("seed3", "seed3"),
        ("a/b", "a/b"),
    ],
)
def test_a_config_is_a_run_without_its_seed(run, config):
    assert compare.config_name(run) == config


def test_seeds_of_a_config_are_summed_up_best_first(sweep, tmp_path):
    found = judge(sweep, out=tmp_path / "out")
    rows = table(tmp_path / "out" / "seeds.csv")
    assert [(r["config"], r["n"]) for r in rows] == [("strong", "3"), ("weak", "3")]
    values = [found.runs[f"strong/seed{s}"]["auc_macro"] for s in (1, 2, 3)]
    assert float(rows[0]["auc_macro_mean"]) == pytest.approx(np.mean(values))
    assert float(rows[0]["auc_macro_std"]) == pytest.approx(np.std(values, ddof=1))


def test_comparison_pairs_configs_on_the_same_resamples(sweep, tmp_path):
    judge(sweep, compare=True, bootstrap=200, out=tmp_path / "out")
    rows = [r for r in table(tmp_path / "out" / "comparison.csv") if r["score"] == "auc_macro"]
    assert len(rows) == 9
    for row in rows:
        assert (float(row["high"]) < 0) == (row["a"].startswith("weak") and float(row["p"]) < 0.05)


def test_overall_scores_are_corrected_over_the_pairs_and_classes_within_a_pair(sweep, tmp_path):
    judge(sweep, compare=True, bootstrap=200, out=tmp_path / "out")
    rows = table(tmp_path / "out" / "comparison.csv")
    first = [
        r
        for r in rows
        if r["method"] == "DeLong" and (r["a"], r["b"]) == (rows[0]["a"], rows[0]["b"])
    ]
    for chosen in ([r for r in rows if r["score"] == "ap_macro"], first):
        wanted = holm([float(r["p"]) for r in chosen])
        assert len(chosen) > 1
        assert [float(r["p_holm"]) for r in chosen] == pytest.approx(wanted)


def test_runs_on_different_records_are_not_compared(tmp_path):
    save(tmp_path / "s" / "a")
    save(tmp_path / "s" / "b", ids=np.arange(100, 140))
    with pytest.raises(UsageError, match="different records"):
        judge(tmp_path / "s", compare=True)


def test_a_difference_in_every_resample_has_the_least_p_that_is_promised():
    assert compare._two_sided(np.full(99, 0.1)) == 2 / 100
    assert compare._two_sided(np.zeros(99)) == 1.0
    assert np.isnan(compare._two_sided(np.array([np.nan])))


def test_intervals_of_differences_hold_their_values(sweep, tmp_path):
    judge(sweep, compare=True, bootstrap=100, out=tmp_path / "out")
    rows = [r for r in table(tmp_path / "out" / "comparison.csv") if r["method"] != "DeLong"]
    assert len(rows) == 18
    for row in rows:
        assert float(row["low"]) <= float(row["difference"]) <= float(row["high"])
