"""The figures of signals."""

import pytest

from core.ecg.evaluation_kit import judge, wave_verdict, waves
from sweeptree.ecg.evaluate import paper


@pytest.mark.slow
def test_reconstruction_writes_its_figures_and_tables(processed, tmp_path):
    files = judge(
        waves(processed, tmp_path / "run"), data=processed, figures=True, out=tmp_path / "out"
    ).files
    assert {"lead_errors.svg", "overlay.png", "per_lead.csv", "report.html"} <= set(files)


def test_twelve_leads_are_printed_as_three_rows_of_four_and_a_rhythm_strip():
    strips = paper._strips(wave_verdict())
    assert len(strips) == 13
    assert (strips[0].lead, strips[0].start, strips[0].end) == (0, 0.0, 2.5)
    assert (strips[-1].lead, strips[-1].row, strips[-1].end) == (1, 3.0, 10.0)


def test_other_leads_are_printed_in_full_one_below_the_other():
    strips = paper._strips(wave_verdict(leads=2))
    assert [(s.lead, s.row, s.start, s.end) for s in strips] == [(0, 0, 0, 10), (1, 1, 0, 10)]


def test_without_a_unit_there_is_no_clinical_grid():
    figure = paper.overlay(wave_verdict(leads=3))
    assert len(figure.axes) == 3
    assert "unit as saved" in figure.axes[-1].get_xlabel()


def test_errors_bear_their_unit_and_others_do_not():
    assert paper._title("mae", "uV") == "MAE (µV)"
    assert paper._title("r", "uV") == "Pearson r"
