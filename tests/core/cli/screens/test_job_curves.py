"""The metric of a job that still runs, from its metrics file or its log."""

import json
from pathlib import Path

import pytest

from sweeptree.cli.screens.job_curves import JobCurves
from sweeptree.records import SweepPaths


def printed(paths: SweepPaths, text: str) -> None:
    with paths.log(0).open("a", newline="") as log:
        log.write(text)


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3/30  val_auc = 0.81\n",
        'SWEEPTREE {"epoch": 3, "val_auc": 0.81}\n',
        '\r 50%|##  | 3.1it/s[rank 0] INFO {"epoch": 3, "val_auc": 0.81}\n',
        "epoch 3 \x1b[32mval_auc: 0.81\x1b[0m\r",
    ],
)
def test_what_a_log_says_in_each_of_its_ways(paths: SweepPaths, line: str) -> None:
    printed(paths, line)
    curve = JobCurves(paths, "val_auc").now(0)
    assert (curve.values, curve.step) == ((0.81,), 3)
    assert isinstance(curve.step, int)


def test_only_what_is_new_is_read_and_a_line_may_come_in_two_pieces(paths: SweepPaths) -> None:
    curves = JobCurves(paths, "val_auc")
    printed(paths, "epoch 1\nval_auc = 0.1\nval_auc = 0.")
    assert curves.now(0).values == (0.1,)
    printed(paths, "25\n")
    assert (curves.now(0).values, curves.now(0).step) == ((0.1, 0.25), 1)


def test_of_a_flood_the_end_is_read(paths: SweepPaths) -> None:
    printed(paths, "".join(f"step {n} val_auc = 0.{n:06}\n" for n in range(100_000)))
    curve = JobCurves(paths, "val_auc").now(0)
    assert (len(curve.values), curve.step) == (16, 99_999)
    assert curve.values[-1] == pytest.approx(0.099999)


def test_the_file_of_metrics_goes_before_the_log(paths: SweepPaths) -> None:
    printed(paths, "val_auc = 0.5\n")
    paths.metrics(0).write_text(json.dumps({"step": 7, "val_auc": 0.9}) + "\n")
    assert JobCurves(paths, "val_auc").now(0).values == (0.9,)


def test_a_file_with_other_metrics_leaves_the_turn_to_the_log(paths: SweepPaths) -> None:
    printed(paths, "val_auc = 0.5\n")
    paths.metrics(0).write_text(json.dumps({"step": 7, "loss": 0.9}) + "\n")
    assert JobCurves(paths, "val_auc").now(0).values == (0.5,)


def test_a_value_that_is_no_number_any_more_is_told(paths: SweepPaths) -> None:
    printed(paths, "val_auc = 0.5\nval_auc = nan\n")
    assert JobCurves(paths, "val_auc").now(0).has_diverged


def test_another_attempt_begins_anew(paths: SweepPaths) -> None:
    curves = JobCurves(paths, "val_auc")
    printed(paths, "val_auc = 0.5\n" * 3)
    curves.now(0)
    paths.log(0).write_text("val_auc = 0.1\n")
    assert curves.now(0).values == (0.1,)
    curves.forget(0)
    assert curves.now(0).values == (0.1,)


def test_a_link_in_the_place_of_the_log_is_not_followed(paths: SweepPaths, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("val_auc = 0.5\n")
    paths.log(0).symlink_to(tmp_path / "other")
    assert JobCurves(paths, "val_auc").now(0).values == ()


def test_without_a_metric_nothing_is_searched(paths: SweepPaths) -> None:
    printed(paths, "val_auc = 0.5\n")
    assert JobCurves(paths, None).now(0).values == ()
