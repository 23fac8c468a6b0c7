"""Charts for papers."""

from pathlib import Path

import pytest

from core.cli_records import call
from core.report_kit import make_sweep
from sweeptree.analysis.document import read_document
from sweeptree.errors import Refused, UsageError
from sweeptree.report import draw_figure

pytest.importorskip("matplotlib")
GRID = {"lr": (0.1, 0.01, 0.001, 1e-4), "depth": (2, 3)}
BEGINS = {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}


@pytest.mark.slow
@pytest.mark.parametrize("chart", ["curves", "intervals", "importance"])
@pytest.mark.parametrize("ending", BEGINS)
def test_each_chart_is_the_same_file_each_time(tmp_path: Path, chart: str, ending: str) -> None:
    paths = make_sweep(tmp_path, grid=GRID)
    document, out = read_document(paths), tmp_path / f"fig2-{chart}.{ending}"
    first = draw_figure(paths, document, out).read_bytes()
    assert first.startswith(BEGINS[ending])
    assert draw_figure(paths, document, out).read_bytes() == first


@pytest.mark.parametrize("name", ["chart.pdf", "curves.gif", "curves", "curves-intervals.pdf"])
def test_a_name_has_to_say_what_is_drawn_and_how(tmp_path: Path, name: str) -> None:
    paths = make_sweep(tmp_path)
    with pytest.raises(UsageError):
        draw_figure(paths, read_document(paths), tmp_path / name)


def test_what_is_not_there_is_not_drawn(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path, steps=0)
    with pytest.raises(Refused, match="nothing to draw"):
        draw_figure(paths, read_document(paths), tmp_path / "curves.pdf")
    assert not (tmp_path / "curves.pdf").exists()


def test_a_figure_is_no_page(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    where = ("--results_dir", str(tmp_path))
    out = tmp_path / "intervals.svg"
    assert call("report", "unet", "--figure", str(out), "--open", *where).code == 2
    assert call("report", "unet", "--figure", str(out), *where).out == f"wrote {out}\n"
