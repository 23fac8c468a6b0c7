"""The files of an evaluation of class scores."""

import pytest

from core.ecg.evaluation_kit import arrays, judge, save


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


def test_the_report_of_many_runs_says_their_number_once(sweep, tmp_path):
    text = judge(sweep, compare=True, bootstrap=20, out=tmp_path / "out").markdown
    assert "* 6 runs on 40 test records, 3 classes" in text
    assert "| macro ROC-AUC |" in text
    assert "auc_macro" not in text


def test_the_report_says_how_the_intervals_were_made(tmp_path):
    text = judge(save(tmp_path / "run"), out=tmp_path / "out").markdown
    assert "percentiles, for macro AP the basic interval" in text
