"""The figures of class scores."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, judge, save, verdict
from sweeptree.ecg.evaluate import figures


@pytest.mark.slow
def test_every_figure_is_there_as_svg_and_png(tmp_path):
    files = judge(save(tmp_path / "run"), figures=True, out=tmp_path / "out").files
    for name in ("roc", "pr", "reliability", "confusion"):
        assert {f"{name}.svg", f"{name}.png"} <= set(files)
    assert (tmp_path / "out" / "roc.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_names_with_dollar_signs_are_drawn_as_they_are(tmp_path):
    names = np.array([r"$\frac$", "$x$", "a_b^c"])
    assert (
        "roc.svg"
        in judge(save(tmp_path / "run", classes=names), figures=True, out=tmp_path / "out").files
    )


def labels_of(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_a_roc_curve_starts_at_nothing_and_ends_at_everything():
    axes = figures.roc(verdict()).axes[0]
    curves = [line.get_xydata() for line in axes.get_lines() if line.get_zorder() == 3]
    assert len(curves) == 3
    for points in curves:
        assert points[0].tolist() == [0, 0]
        assert points[-1].tolist() == [1, 1]


def test_the_legend_names_each_class_with_its_area():
    v = verdict()
    wanted = [f"{name}  {area:.3f}" for name, area in zip("ABC", v.per_class["auc"], strict=True)]
    assert labels_of(figures.roc(v)) == wanted


def test_a_class_that_cannot_be_ranked_is_not_drawn():
    true = arrays()["true"].copy()
    true[:, 1] = 0
    assert len(labels_of(figures.precision_recall(verdict(true=true)))) == 2


def test_wilsons_interval_stays_within_0_and_1():
    low, high = figures.wilson(np.array([0.0, 0.5, 1.0]), np.array([10.0, 10.0, 10.0]))
    assert low.tolist() == pytest.approx([0.0, 0.2366, 0.7225], abs=1e-4)
    assert high.tolist() == pytest.approx([0.2775, 0.7634, 1.0], abs=1e-4)


def test_many_classes_are_drawn_by_those_with_the_most_positives():
    unknown = np.array([False, True, False])
    assert figures._most_positives(verdict(), unknown, 1) == [0]
    assert figures._most_positives(verdict(), unknown, 9) == [0, 2]


def test_a_long_name_keeps_its_beginning_and_its_end():
    figure = figures.forest([("a" * 30 + "b" * 30, 0.5, (0.4, 0.6))], "r", 0.95)
    name = figure.axes[0].get_yticklabels()[0].get_text()
    assert name == "a" * 20 + "…" + "b" * 24
