"""The figures of signals."""

from core.ecg.evaluation_kit import judge, waves


def test_reconstruction_writes_its_figures_and_tables(processed, tmp_path):
    files = judge(
        waves(processed, tmp_path / "run"), data=processed, figures=True, out=tmp_path / "out"
    ).files
    assert {"lead_errors.svg", "overlay.png", "per_lead.csv", "report.html"} <= set(files)
