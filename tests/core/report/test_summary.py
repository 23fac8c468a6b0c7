"""What the Results Aggregator writes and reports."""

from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.errors import UsageError
from sweeptree.report.summary import AggregateReport, AggregateSpec, write_aggregates


@pytest.fixture
def report(tmp_path: Path) -> AggregateReport:
    """The report on a sweep of six jobs, one of which failed."""
    paths = finished_sweep(tmp_path, jobs=6, failed=(1,))
    return write_aggregates(AggregateSpec(exp_dir=paths.root))


def test_the_files_are_written(report: AggregateReport) -> None:
    names = {path.name for path in report.results.iterdir()}
    assert {"aggregated.json", "aggregated.csv", "groups.csv", "report.html"} <= names


def test_it_counts_the_states(report: AggregateReport) -> None:
    assert (report.n_jobs, report.exit_code) == (6, 1)
    assert report.states == {"failed": 1, "succeeded": 5}
    assert report.reason == "6 jobs: 1 failed, 5 succeeded"


def test_the_page_has_the_leaderboard_and_the_files(report: AggregateReport) -> None:
    assert list(report.leaderboard[0])[:2] == ["rank", "config"]
    assert "| rank | config |" in report.markdown
    assert str(report.results.resolve() / "report.html") in report.markdown


def test_a_cell_formats_nothing(tmp_path: Path) -> None:
    from sweeptree.report.summary import _cell

    assert _cell("a|<b>") == "a\\|&lt;b>"


def test_what_is_no_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        write_aggregates(AggregateSpec(exp_dir=tmp_path / "nothing"))
