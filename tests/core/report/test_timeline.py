"""Who ran when."""

from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.report.timeline import timeline


def test_jobs_without_a_gpu_share_lanes_one_after_the_other(tmp_path: Path) -> None:
    chart = timeline(sheet_of(tmp_path))
    assert chart is not None
    assert [lane.name for lane in chart.lanes] == ["slot 1"]
    assert chart.seconds == 29.0
    assert round(chart.lanes[0].busy, 2) == round(24 / 29, 2)
    assert chart.lanes[0].svg.count("<rect") == 6


def test_a_failed_attempt_is_drawn_as_one(tmp_path: Path) -> None:
    chart = timeline(sheet_of(tmp_path, failing={2: "no\n"}))
    assert chart is not None
    assert chart.lanes[0].svg.count('class="bar bad"') == 1
