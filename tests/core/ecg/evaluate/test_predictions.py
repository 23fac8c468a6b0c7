"""Where predictions are found."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, save
from sweeptree.ecg.evaluate.predictions import below, find
from sweeptree.errors import UsageError


def test_nothing_to_judge_is_a_usage_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no predictions"):
        judge(tmp_path / "empty")


def test_a_linked_file_counts_where_its_target_is_elsewhere(tmp_path):
    save(tmp_path / "elsewhere")
    (tmp_path / "run").mkdir()
    link = tmp_path / "run" / "predictions.npz"
    link.symlink_to(tmp_path / "elsewhere" / "predictions.npz")
    assert find([tmp_path / "run"]) == [link]


def test_a_link_to_a_run_below_the_same_folder_does_not_count_twice(tmp_path):
    save(tmp_path / "b")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "predictions.npz").symlink_to("../b/predictions.npz")
    assert below(tmp_path) == [tmp_path / "b" / "predictions.npz"]


def test_a_link_to_nothing_does_not_count(tmp_path):
    (tmp_path / "predictions.npz").symlink_to("gone")
    assert below(tmp_path) == []


def test_a_folder_with_both_signals_counts_once(tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", np.zeros((1, 1, 100)))
    assert below(tmp_path) == [tmp_path]
    (tmp_path / "y_true.npy").unlink()
    assert below(tmp_path) == []


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="there is no"):
        find([tmp_path / "gone"])
