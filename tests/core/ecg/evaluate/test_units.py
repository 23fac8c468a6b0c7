"""In which unit signals were saved."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, metrics_of, signals, waves
from sweeptree.ecg import load
from sweeptree.errors import UsageError


def test_reconstruction_without_dataset_stays_in_the_unit_as_saved(processed, tmp_path):
    judge(waves(processed, tmp_path / "run"), out=tmp_path / "out")
    assert metrics_of(tmp_path / "out")["runs"]["run"]["unit"] == "as saved"


def z_scored(x):
    return (x - x.mean(axis=2, keepdims=True)) / x.std(axis=2, keepdims=True)


SAVED = {
    "microvolts": lambda x: x,
    "millivolts": lambda x: x / 1000,
    "volts": lambda x: x / 1e6,
    "float16 millivolts": lambda x: (x / 1000).astype(np.float16),
    "integer microvolts": lambda x: np.round(x).astype(np.int16),
    "shifted and scaled as a whole": lambda x: 0.01 * x + 3,
}


def error_of(folder, processed, out):
    judge(folder, data=processed, out=out)
    found = metrics_of(out)["runs"][folder.name]
    assert found["unit"] == "uV"
    return found["overall"]["mae"]


@pytest.mark.parametrize("saved", SAVED)
def test_the_unit_is_found_from_the_datasets_own_records(saved, processed, tmp_path):
    true = signals(processed)
    pred = true + np.random.default_rng(0).normal(0, 30, true.shape)
    for name, x in (("y_true", true), ("y_pred", pred)):
        (tmp_path / "run").mkdir(exist_ok=True)
        np.save(tmp_path / "run" / f"{name}.npy", SAVED[saved](x))
    wanted = np.abs(pred - true).mean()
    assert error_of(tmp_path / "run", processed, tmp_path / "out") == pytest.approx(
        wanted, rel=0.02
    )


def test_a_scale_of_each_records_own_is_found(processed, tmp_path):
    true = signals(processed)
    centre = true.mean(axis=2, keepdims=True)
    spread = true.std(axis=2, keepdims=True)
    pred = true + np.random.default_rng(0).normal(0, 30, true.shape)
    (tmp_path / "run").mkdir()
    np.save(tmp_path / "run" / "y_true.npy", z_scored(true))
    np.save(tmp_path / "run" / "y_pred.npy", (pred - centre) / spread)
    wanted = np.abs(pred - true).mean()
    assert error_of(tmp_path / "run", processed, tmp_path / "out") == pytest.approx(
        wanted, rel=1e-6
    )


WRONG = {
    "noise": lambda x: np.random.default_rng(0).normal(size=x.shape),
    "all zeros": np.zeros_like,
    "zeros as integers": lambda x: np.zeros(x.shape, np.int16),
    "other records": lambda x: x[::-1].copy(),
    "turned over": lambda x: -x,
    "leads in another order": lambda x: x[:, ::-1].copy(),
    "a tenth of noise": lambda x: x + np.random.default_rng(0).normal(0, 0.2 * x.std(), x.shape),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_truth_that_is_not_the_datasets_is_refused(kind, processed, tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", WRONG[kind](signals(processed)))
    with pytest.raises(UsageError, match="not the signal of"):
        judge(tmp_path, data=processed, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_single_lead_is_recognised_by_its_signal(processed, tmp_path):
    lead = signals(processed)[:, 6:7]
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", lead)
    judge(tmp_path, data=processed, out=tmp_path / "out")
    assert next(iter(metrics_of(tmp_path / "out")["runs"].values()))["leads"] == ["V1"]


def test_records_of_another_length_than_the_datasets_are_refused(processed, tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", signals(processed)[:, :, :2500])
    with pytest.raises(
        UsageError, match=r"2,500 samples a record, those of .* have 1,000 and 5,000"
    ):
        judge(tmp_path, data=processed, out=tmp_path / "out")


def test_signals_at_the_lower_rate_are_recognised_too(processed, tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", signals(processed, rate=100))
    judge(tmp_path, data=processed, out=tmp_path / "out")
    assert next(iter(metrics_of(tmp_path / "out")["runs"].values()))["scaling"] == "microvolts"
    assert load(processed).signals[100].shape[1] == 1000
