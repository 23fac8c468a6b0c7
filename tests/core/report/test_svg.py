"""Pictures as trees, and the scales of their axes."""

import pytest

from sweeptree.report.svg import Scale, drawing, element, field, markup, path, percent, scale, short


def test_text_never_becomes_a_tag() -> None:
    text = markup(element("title", "<script>&\x1b[31m"))
    assert text == "<title>&lt;script&gt;&amp;?[31m</title>"


def test_names_of_attributes_are_svg_s() -> None:
    text = markup(element("text", class_="halo", text_anchor="end", x=1.50, y=None))
    assert text == '<text class="halo" text-anchor="end" x="1.5" />'


def test_a_drawing_has_a_text_alternative() -> None:
    text = markup(drawing(field(), label="two runs"))
    assert text.startswith('<svg role="img" aria-label="two runs"><svg viewBox="0 0 1000 1000"')


def test_positions_are_short() -> None:
    assert (short(12.3456), short(3.0), percent(0.375)) == ("12.35", "3", "37.5%")


def test_a_path_has_y_upwards() -> None:
    assert path([(0.0, 0.0), (1.0, 1.0)]) == "0,1000 1000,0"


@pytest.mark.parametrize(
    "values",
    [
        [0.5],
        [0.0],
        [1e-310, 2e-310],
        [-1e100, 1e100],
        [0.1, 0.1 + 1e-15],
        [5e-324],
        [1e12, 1e12 + 1],
    ],
)
def test_an_axis_holds_its_values_and_has_ticks(values: list[float]) -> None:
    axis = scale(values)
    assert all(0 <= axis.at(value) <= 1 for value in values) and axis.low < axis.high
    assert axis.ticks()


def test_ticks_are_round() -> None:
    assert [text for _, text in Scale(0.62, 0.91).ticks()] == ["0.7", "0.8", "0.9"]


def test_a_wide_range_stands_by_its_logarithms() -> None:
    axis = scale([1e-4, 1.0], room=0.0, may_be_log=True)
    assert axis.is_log
    assert [round(axis.at(value), 2) for value in (-1.0, 1e-4, 1e-2, 1.0)] == [0, 0, 0.5, 1]
    assert [text for _, text in axis.ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert not scale([0.0, 1.0], may_be_log=True).is_log
    assert not scale([0.1, 1.0], may_be_log=True).is_log


def test_a_range_that_no_number_holds_has_an_axis() -> None:
    assert scale([5e-324, 1.0], may_be_log=True).at(0.5) == pytest.approx(0.5, abs=0.1)
