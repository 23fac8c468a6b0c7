"""A sweep for a notebook."""

from pathlib import Path

import pytest

import sweeptree
from core.cli_records import finished_sweep
from sweeptree.analysis.results import Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    paths = finished_sweep(tmp_path, jobs=6, failed=(4,))
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.5}\n{"step": 2, "val_auc": 0.9}\n')
    return Results(paths.root)


def test_a_frame_has_a_row_per_job_and_numbers_as_numbers(results: Results) -> None:
    frame = results.to_frame()
    assert len(frame) == 6
    assert frame["metric.val_auc"].dtype.kind == "f"


def test_groups_are_best_first(results: Results) -> None:
    assert list(results.groups()["config_id"]) == list(results.document.leaderboard)


def test_curves_have_a_row_per_step(results: Results) -> None:
    curves = results.curves()
    assert list(curves[curves["job"] == 0]["value"]) == [0.5, 0.9]


def test_load_finds_a_sweep_by_its_name(results: Results) -> None:
    loaded = sweeptree.load(results.folder.name, results.folder.parent)  # type: ignore[operator]
    assert loaded.to_frame().equals(results.to_frame())
