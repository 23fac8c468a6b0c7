"""Each form of predictions is read as what it is."""

import numpy as np

from core.ecg.evaluation_kit import save
from sweeptree.ecg.evaluate.predictions import Predictions, Waves
from sweeptree.ecg.evaluate.reading import read


def test_a_zip_of_arrays_and_a_table_are_class_scores(tmp_path):
    save(tmp_path)
    (tmp_path / "x.csv").write_text("sample_idx,A_pred,A_true\n1,0.1,0\n0,0.9,1\n")
    assert isinstance(read(tmp_path / "predictions.npz", "run", None), Predictions)
    found = read(tmp_path / "x.csv", "run", None)
    assert isinstance(found, Predictions)
    assert (found.test.ids.tolist(), found.test.pred.tolist()) == ([0, 1], [[0.9], [0.1]])


def test_a_folder_is_signals(tmp_path):
    for name in ("y_true", "y_pred"):
        np.save(tmp_path / f"{name}.npy", np.zeros((2, 3, 50)))
    found = read(tmp_path, "run", None)
    assert isinstance(found, Waves)
    assert found.true.shape == (2, 3, 50)
