"""Learning curves."""

from pathlib import Path

from core.report_kit import make_sweep
from sweeptree.analysis.document import read_document
from sweeptree.report.curves import CurveChart, curve_chart
from sweeptree.report.sheet import read_sheet


def chart_of(results: Path, *, steps: int) -> CurveChart | None:
    paths = make_sweep(results, steps=steps)
    return curve_chart(read_sheet(read_document(paths), {}), paths)


def test_each_config_has_a_curve_with_a_band(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, steps=5)
    assert chart is not None
    assert [panel.metric for panel in chart.panels] == ["val_auc"]
    assert chart.names == ((0, "lr=0.1"), (1, "lr=0.01"))
    assert chart.panels[0].svg.count('class="band"') == 2
    assert chart.left_out == 0


def test_one_step_is_no_curve(tmp_path: Path) -> None:
    assert chart_of(tmp_path, steps=1) is None


def test_without_steps_there_is_no_chart(tmp_path: Path) -> None:
    assert chart_of(tmp_path, steps=0) is None
