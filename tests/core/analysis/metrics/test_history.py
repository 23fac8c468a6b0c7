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


def test_rows_of_two_kinds_are_thinned_each_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "h"
    write_history(file, [Point(step, {"ab"[step % 2]: step}) for step in range(40_000)])
    found = history([file], {"a", "b"})
    assert 3000 < len(found["a"]) <= 5000
    assert 3000 < len(found["b"]) <= 5000


def test_what_is_written_is_never_too_large_to_be_read(tmp_path: Path) -> None:
    file = tmp_path / "h"
    names = [f"{number:04}{'é' * 150}" for number in range(1000)]
    write_history(file, [Point(step, dict.fromkeys(names, 0.1)) for step in range(30)])
    assert len(history([file], {names[0]})[names[0]]) >= 2


def test_a_step_that_counts_nothing_is_the_line_s_number(tmp_path: Path) -> None:
    (tmp_path / "h").write_text('{"step": 1e308, "a": 1}\n{"step": -1e308, "a": 2}\n')
    assert history([tmp_path / "h"], {"a"}) == {"a": [(1.0, 1.0), (2.0, 2.0)]}
