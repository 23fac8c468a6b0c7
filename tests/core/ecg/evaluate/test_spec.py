"""What to evaluate, and where its results go."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sweeptree.ecg import EvaluateSpec


def test_results_go_beside_the_predictions_unless_told(tmp_path):
    folder, file = tmp_path / "runs", tmp_path / "predictions.npz"
    folder.mkdir()
    assert EvaluateSpec(predictions=(folder,)).out_folder == folder / "evaluation"
    assert EvaluateSpec(predictions=(file,)).out_folder == tmp_path / "evaluation"
    assert EvaluateSpec(predictions=(file,), out=Path("x")).out_folder == Path("x")


def test_results_of_signals_go_beside_their_folder(tmp_path):
    (tmp_path / "y_pred.npy").touch()
    assert EvaluateSpec(predictions=(tmp_path,)).out_folder == tmp_path.parent / "evaluation"


@pytest.mark.parametrize("values", [{}, {"predictions": ("a",), "command": "python x.py"}])
def test_predictions_or_a_command_but_not_both(values):
    with pytest.raises(ValidationError, match="give predictions, or a command"):
        EvaluateSpec(**values)
