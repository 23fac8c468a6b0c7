"""What a pattern of the user's finds, and one that would never end."""

import pytest

from sweeptree.analysis.metrics.patterns import pattern_points
from tests.core.analysis.metrics.metrics_kit import apart

ENDLESS = r"(?:a+)+$|auc (\S+)"


@pytest.mark.parametrize("pattern", [r"AUC → (\S+)", r"AUC → (?P<val_auc>\S+)"])
def test_a_pattern_of_the_users_finds_the_rest(pattern: str) -> None:
    points, _ = apart(pattern_points("Epoch 4\nAUC → 0.91\n".encode(), pattern, "val_auc"))
    (point,) = points
    assert (point.step, point.numbers) == (4, {"val_auc": 0.91})


def test_a_line_that_takes_for_ever_is_given_up_and_the_rest_is_read() -> None:
    log = b"a" * 3000 + b"!\nstep 2 auc 0.5\n"
    points, remarks = apart(pattern_points(log, ENDLESS, "auc"))
    assert [(each.step, each.numbers) for each in points] == [(2, {"auc": 0.5})]
    assert remarks == ["--metric_regex takes too long on some lines, which were left out"]


def test_many_such_lines_end_the_search() -> None:
    log = b"auc 0.5\n" + (b"a" * 3000 + b"!\n") * 200
    points, remarks = apart(pattern_points(log, ENDLESS, "auc"))
    assert [each.numbers for each in points] == [{"auc": 0.5}]
    assert "was stopped after 2 s" in remarks[0]
