"""How far a job has come, by its log."""

import pytest

from sweeptree.analysis.progress import progress


@pytest.mark.parametrize(
    ("log", "part"),
    [
        ("epoch 1/30\nepoch 3/30 loss 1/2\n", 0.1),
        ("Epoch [ 5/20]", 0.25),
        ("step 50 of 200", 0.25),
        (" 40%|####      | 4/10 [00:01<00:02]", 0.4),
        ("epoch 3\n", None),
        ("epoch 7/0\n", None),
    ],
)
def test_progress_is_read_off_a_log(log: str, part: float | None) -> None:
    assert progress(log) == part
