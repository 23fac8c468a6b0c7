"""What the page tells, as values."""

from pathlib import Path

from core.report.sheet_kit import sheet_of


def test_configs_stand_best_first_with_their_jobs(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path)
    best, second = sheet.configs
    assert (best.rank, second.rank) == (1, 2)
    assert [job.config_id for job in best.jobs] == [best.name] * 3
    assert (best.against_best, second.against_best) == (None, sheet.comparisons[0])


def test_the_metric_that_ranks_is_first_and_test_metrics_are_held_back(tmp_path: Path) -> None:
    assert sheet_of(tmp_path).metric_names() == ["val_auc", "loss"]


def test_time_is_over_the_jobs_that_succeeded(tmp_path: Path) -> None:
    best = sheet_of(tmp_path, failing={0: "ValueError: no\n"}).configs[-1]
    assert best.seconds() == 4.0
    assert best.spread("f1") == ""
    assert best.interval("f1") is None
