"""`sweeptree report`: the page of a sweep, where it is asked for."""

from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep
from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """A finished sweep whose aggregates were never made."""
    return finished_sweep(tmp_path, jobs=4)


def test_the_page_stands_in_the_sweeps_folder(paths: SweepPaths) -> None:
    ran = call("report", str(paths.root))
    assert (ran.code, ran.out) == (0, f"wrote {paths.report}\n")
    assert paths.root.name in paths.report.read_text()


def test_the_page_goes_where_it_is_asked_for(paths: SweepPaths, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    assert call("report", str(paths.root), "--out", str(place)).code == 0
    assert place.read_text().startswith("<!")
    assert not paths.report.exists()


@pytest.mark.parametrize("place", [".", "missing/page.html"])
def test_a_place_that_is_no_file_is_a_mistake(paths: SweepPaths, place: str) -> None:
    ran = call("report", str(paths.root), "--out", str(paths.root / place))
    assert (ran.code, "cannot be written" in ran.err) == (2, True)


def test_a_sweep_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert call("report", "nothing", "--results_dir", str(tmp_path)).code == 2
