"""The scores of signals, by hand."""

import json

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, metrics_of, waves
from sweeptree.errors import UsageError

FLAT = np.zeros((2, 12, 100))


WAVY = np.random.default_rng(0).normal(size=FLAT.shape)


def test_reconstruction_scores_by_hand_in_microvolts(processed, tmp_path):
    folder = waves(processed, tmp_path / "run")
    judge(folder, data=processed, out=tmp_path / "out")
    scale = json.loads((processed / "normalization.json").read_text())
    span = np.array(scale["max"]) - np.array(scale["min"])
    true, pred = (
        np.load(folder / f"y_{n}.npy").astype(float) * span[:, None] for n in ("true", "pred")
    )
    found = metrics_of(tmp_path / "out")["runs"]["run"]
    assert found["unit"] == "uV"
    assert found["overall"]["mae"] == pytest.approx(np.abs(true - pred).mean(), rel=1e-9)
    correlations = [
        np.corrcoef(t, p)[0, 1]
        for n in range(len(true))
        for t, p in zip(true[n], pred[n], strict=True)
    ]
    assert found["overall"]["r"] == pytest.approx(np.mean(correlations), rel=1e-9)


def test_a_diverged_reconstruction_is_refused(processed, tmp_path):
    with pytest.raises(UsageError, match="NaN"):
        judge(waves(processed, tmp_path / "run", noise=np.nan), out=tmp_path / "out")


def test_reconstructions_of_different_records_are_not_compared(processed, tmp_path):
    waves(processed, tmp_path / "s" / "a")
    folder = waves(processed, tmp_path / "s" / "b")
    true = np.load(folder / "y_true.npy")
    true[1] += 0.1
    np.save(folder / "y_true.npy", true)
    with pytest.raises(UsageError, match="different records"):
        judge(tmp_path / "s", data=processed, compare=True)


@pytest.mark.parametrize(
    "pair", [(FLAT, WAVY), (WAVY, FLAT), (FLAT, FLAT)], ids=["true", "predicted", "both"]
)
def test_flat_signals_have_no_correlation_and_no_warning(pair, tmp_path):
    for name, values in zip(("y_true", "y_pred"), pair, strict=True):
        np.save(tmp_path / f"{name}.npy", values)
    found = judge(tmp_path, out=tmp_path / "out")
    assert next(iter(found.runs.values()))["r"] is None
    assert "nan" not in (tmp_path / "out" / "report.md").read_text().lower()


def test_values_that_no_signal_has_are_refused(tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", WAVY * 1e200)
    with pytest.raises(UsageError, match="no signal"):
        judge(tmp_path, out=tmp_path / "out")
