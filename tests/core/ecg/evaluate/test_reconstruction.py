"""The files of an evaluation of signals."""

from core.ecg.evaluation_kit import judge, waves


def test_errors_bear_their_unit_in_the_report(processed, tmp_path):
    text = judge(waves(processed, tmp_path / "run"), data=processed, out=tmp_path / "out").markdown
    assert "| MAE (µV), leads other than I, II, V4 |" in text
    assert "| lead | MAE (µV) | RMSE (µV) | Pearson r | SNR (dB) |" in text


def test_the_report_compares_reconstructions(processed, tmp_path):
    for name, noise in (("a", 0.01), ("b", 0.05)):
        waves(processed, tmp_path / "s" / name, noise)
    text = judge(
        tmp_path / "s", data=processed, compare=True, bootstrap=50, out=tmp_path / "out"
    ).markdown
    assert "## Paired comparison" in text
    assert "| a | b | Pearson r |" in text
