"""Reading predicted signals."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, metrics_of, signals, waves
from sweeptree.ecg import load
from sweeptree.errors import UsageError


def test_reconstruction_of_training_records_is_a_leak(processed, tmp_path):
    folder = waves(processed, tmp_path / "run", record_ids=load(processed).ecg_ids[:2])
    with pytest.raises(UsageError, match="training folds"):
        judge(folder, data=processed)


def save_pair(folder, true, pred):
    folder.mkdir(exist_ok=True)
    np.save(folder / "y_true.npy", true)
    np.save(folder / "y_pred.npy", pred)
    return folder


def pair():
    true = np.random.default_rng(0).normal(size=(4, 12, 200))
    return true, true + 0.1


def turned(x):
    return x.transpose(0, 2, 1).copy()


@pytest.mark.parametrize("turn", [(turned, turned), (turned, np.copy), (np.copy, turned)])
def test_leads_may_be_the_second_or_the_last_axis(turn, tmp_path):
    true, pred = pair()
    save_pair(tmp_path / "run", true, pred)
    save_pair(tmp_path / "turned", turn[0](true), turn[1](pred))
    found = []
    for name in ("run", "turned"):
        judge(tmp_path / name, out=tmp_path / f"{name}-out")
        found.append(metrics_of(tmp_path / f"{name}-out")["runs"][name]["overall"])
    assert found[0] == found[1]


SHAPES = [(4, 200, 300), (4, 5, 12), (4, 200), (4, 12, 200, 1), (0, 12, 200), (4, 13, 200)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_that_is_no_layout_of_signals_is_refused_at_once(shape, tmp_path):
    save_pair(tmp_path / "run", np.zeros(shape), np.zeros(shape))
    with pytest.raises(UsageError, match=r"y_true has shape") as caught:
        judge(tmp_path / "run", out=tmp_path / "out")
    assert "(records, samples, leads)" in caught.value.hint[0]


def test_signals_of_different_shapes_are_refused(tmp_path):
    true, pred = pair()
    save_pair(tmp_path / "run", true, pred[:, :9])
    with pytest.raises(UsageError, match="do not fit"):
        judge(tmp_path / "run", out=tmp_path / "out")


def test_the_layout_of_the_datasets_own_signals_is_read(processed, tmp_path):
    x = turned(signals(processed))
    save_pair(tmp_path / "run", x, x)
    judge(tmp_path / "run", data=processed, out=tmp_path / "out")
    assert metrics_of(tmp_path / "out")["runs"]["run"]["overall"]["mae"] == 0.0


def test_ids_must_be_one_distinct_number_per_record(tmp_path):
    save_pair(tmp_path / "run", *pair())
    np.save(tmp_path / "run" / "ids.npy", np.array([1, 1, 2, 3]))
    with pytest.raises(UsageError, match="one distinct number per record"):
        judge(tmp_path / "run", out=tmp_path / "out")
