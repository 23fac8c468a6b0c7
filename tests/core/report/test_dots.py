"""The dots and intervals."""

from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.report.dots import dot_chart


def test_each_run_is_a_dot(tmp_path: Path) -> None:
    chart = dot_chart(sheet_of(tmp_path))
    assert chart is not None
    assert [(row.name, row.n, row.svg.count("<circle")) for row in chart.rows] == [
        ("lr=0.1", 3, 3),
        ("lr=0.01", 3, 3),
    ]


def test_an_interval_that_leaves_the_axis_is_said(tmp_path: Path) -> None:
    chart = dot_chart(sheet_of(tmp_path, seeds=(1, 2)))
    assert chart is not None
    assert chart.clipped
    assert "\N{LEFTWARDS ARROW}" in chart.rows[0].svg


def test_without_the_metric_there_is_no_chart(tmp_path: Path) -> None:
    assert dot_chart(sheet_of(tmp_path, metric="f1:max")) is None
