"""The files of the dataset."""

import json

import numpy as np

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def test_splits_are_the_folds_of_the_table(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    splits = json.loads((tmp_path / "out" / "splits.json").read_text())
    assert splits == {"train": [1, 2, 3, 4, 5, 6, 7, 8, 11, 12], "val": [9], "test": [10]}


def test_statistics_come_from_the_training_folds_only(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    data = load(tmp_path / "out")
    train = np.asarray(data.signals[100][data.splits["train"]], np.float64)
    np.testing.assert_allclose(data.stats["100"]["mean"], train.mean(axis=(0, 1)), rtol=1e-9)
    np.testing.assert_allclose(data.stats["100"]["std"], train.std(axis=(0, 1)), rtol=1e-9)


def test_labels_count_a_code_whatever_its_likelihood(pristine, tmp_path):
    run(pristine, tmp_path / "out")
    data = load(tmp_path / "out")
    assert data.classes["rhythm"] == ("SR", "AFIB")
    assert data.labels["rhythm"][:5].tolist() == [[1, 0], [0, 1], [1, 0], [1, 0], [1, 0]]
    assert data.likelihood[0, data.classes["all"].index("SR")] == 0
    assert np.isnan(data.likelihood[0, data.classes["all"].index("AFIB")])


def test_a_classification_task_lays_out_labels_per_split(pristine, tmp_path):
    run(pristine, tmp_path / "out", task="form")
    names = json.loads((tmp_path / "out" / "labels" / "labels.json").read_text())
    train = np.load(tmp_path / "out" / "train_labels.npy")
    assert names == ["NDT", "ABQRS", "PVC"]
    assert train.shape == (10, 3)
    assert train.dtype == np.float32


def test_reconstruction_arrays_are_scaled_by_the_training_folds(both_rates, tmp_path):
    run(both_rates, tmp_path / "out", task="reconstruction")
    scale = json.loads((tmp_path / "out" / "normalization.json").read_text())
    target = np.load(tmp_path / "out" / "train_target.npy", mmap_mode="r")
    given = np.load(tmp_path / "out" / "train_input.npy", mmap_mode="r")
    assert target.shape == (16, 12, 5000)
    np.testing.assert_array_equal(target.min(axis=(0, 2)), np.zeros(12))
    np.testing.assert_array_equal(target.max(axis=(0, 2)), np.ones(12))
    np.testing.assert_array_equal(given, target[:, [0, 1, 9]])
    low, high = (np.array(scale[k])[:, None] for k in ("min", "max"))
    back = np.load(tmp_path / "out" / "test_target.npy")[0] * (high - low) + low
    np.testing.assert_allclose(back, ptbxl_like.get(both_rates, 10, 500).T, atol=0.01)
