"""What each parameter explains."""

from pathlib import Path

import pytest

from core.report.sheet_kit import sheet_of
from sweeptree.report.importance import explained, importance

GRID = {"lr": (0.1, 0.01, 0.001, 1e-4), "depth": (2, 3)}


def test_the_parameter_that_decides_is_first(tmp_path: Path) -> None:
    lr, depth = importance(sheet_of(tmp_path, grid=GRID, seeds=(1,) * 4))
    assert (lr.name, depth.name) == ("lr", "depth")
    assert lr.share > 0.9 and depth.share < 0.1


def test_fewer_than_twenty_jobs_say_nothing(tmp_path: Path) -> None:
    assert importance(sheet_of(tmp_path, grid=GRID, seeds=(1, 2))) == ()


@pytest.mark.parametrize(
    ("groups", "share"), [("aabb", 1.0), ("abab", 0.0), ("abcd", 1.0), ("aaaa", 0.0)]
)
def test_the_share_is_what_chance_would_not_show(groups: str, share: float) -> None:
    spread = explained(list(groups) * 10, [0, 0, 9, 9] * 10)
    assert spread == pytest.approx(share)
