"""Predictions that cannot be judged honestly are refused."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, on_dataset
from sweeptree.ecg import load
from sweeptree.errors import UsageError


def test_records_of_the_training_folds_are_a_leak(processed, tmp_path):
    data = load(processed)
    rows = data.splits["train"][:5]
    changes = {
        "ids": data.ecg_ids[rows],
        "true": data.labels["super"][rows],
        "pred": np.full((5, 5), 0.5),
    }
    with pytest.raises(UsageError, match="training folds"):
        judge(on_dataset(processed, tmp_path / "run", **changes), data=processed)


def test_unknown_records_are_refused(processed, tmp_path):
    with pytest.raises(UsageError, match="not in"):
        judge(on_dataset(processed, tmp_path / "run", ids=np.array([777, 888])), data=processed)


def test_labels_that_are_not_the_datasets_are_refused(processed, tmp_path):
    wrong = 1 - load(processed).labels["super"][load(processed).splits["test"]]
    with pytest.raises(UsageError, match="true labels"):
        judge(on_dataset(processed, tmp_path / "run", true=wrong), data=processed)
