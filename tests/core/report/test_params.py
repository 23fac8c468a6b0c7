"""How the metric depends on the parameters."""

from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.report.params import HeatMap, Parallel, params_chart


def test_two_that_vary_make_a_table_of_shades(tmp_path: Path) -> None:
    chart = params_chart(sheet_of(tmp_path, grid={"lr": (0.1, 0.01, 0.001), "n": (2, 3)}))
    assert isinstance(chart, HeatMap)
    assert (chart.down, chart.across, chart.columns) == ("lr", "n", ("2", "3"))
    assert [row for row, _ in chart.rows] == ["0.001", "0.01", "0.1"]


def test_three_that_vary_make_parallel_lines(tmp_path: Path) -> None:
    grid = {"lr": (0.1, 0.01), "n": (2, 3), "opt": ("adam", "sgd")}
    chart = params_chart(sheet_of(tmp_path, grid=grid, seeds=(1,)))
    assert isinstance(chart, Parallel)
    assert (chart.lines, chart.left_out, chart.svg.count("<polyline")) == (8, 0, 8)
    assert chart.svg.count('class="line best"') == 1


def test_one_that_varies_needs_no_chart(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, grid={"lr": (0.1, 0.01, 0.001), "n": (2,)})
    assert sheet.varying == ("lr",)
    assert params_chart(sheet) is None
