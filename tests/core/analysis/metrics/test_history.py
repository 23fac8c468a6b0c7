"""Curves: read from one place in every view, wherever the metrics stood."""

from pathlib import Path

from sweeptree.analysis.metrics import history, write_history
from sweeptree.analysis.metrics.points import Point


def test_what_was_found_elsewhere_is_written_once_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "job_0.history.jsonl"
    assert write_history(file, [Point(1, {"auc": 0.8}), Point(2, {"auc": 0.9})])
    assert history([tmp_path / "none", file], {"auc"}) == {"auc": [(1.0, 0.8), (2.0, 0.9)]}


def test_a_single_point_is_no_curve(tmp_path: Path) -> None:
    assert not write_history(tmp_path / "h", [Point(1, {"auc": 0.8})])
    assert not (tmp_path / "h").exists()


def test_a_long_history_is_thinned_and_keeps_its_end(tmp_path: Path) -> None:
    file = tmp_path / "h"
    write_history(file, [Point(step, {"a": step}) for step in range(20_001)])
    steps = [step for step, _ in history([file], {"a"})["a"]]
    assert len(steps) <= 5001
    assert steps[-1] == 20_000
