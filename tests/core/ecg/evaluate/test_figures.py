"""The figures of class scores."""

import numpy as np

from core.ecg.evaluation_kit import judge, save


def test_every_figure_is_there_as_svg_and_png(tmp_path):
    files = judge(save(tmp_path / "run"), figures=True, out=tmp_path / "out").files
    for name in ("roc", "pr", "reliability", "confusion"):
        assert {f"{name}.svg", f"{name}.png"} <= set(files)
    assert (tmp_path / "out" / "roc.png").read_bytes()[:4] == b"\x89PNG"


def test_names_with_dollar_signs_are_drawn_as_they_are(tmp_path):
    names = np.array([r"$\frac$", "$x$", "a_b^c"])
    assert (
        "roc.svg"
        in judge(save(tmp_path / "run", classes=names), figures=True, out=tmp_path / "out").files
    )
