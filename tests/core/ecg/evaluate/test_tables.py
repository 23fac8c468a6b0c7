"""The tables of an evaluation: names and numbers for people."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import arrays, verdict, wave_verdict
from sweeptree.ecg.evaluate import tables
from sweeptree.ecg.evaluate.compare import over_seeds


@pytest.mark.parametrize(
    ("name", "unit", "shown"),
    [
        ("auc_macro", "µV", "macro ROC-AUC"),
        ("mae", "µV", "MAE (µV)"),
        ("mae_9", "µV", "MAE (µV), leads other than I, II, V4"),
        ("r_9", "µV", "Pearson r, leads other than I, II, V4"),
        ("auc NORM", "", "auc NORM"),
    ],
)
def test_scores_bear_their_names_for_people(name, unit, shown):
    assert tables.score_name(name, unit) == shown


@pytest.mark.parametrize(
    ("value", "interval", "shown"),
    [
        (0.9123, (0.9, 0.95), "0.912 [0.900, 0.950]"),
        (0.9123, None, "0.912"),
        (0.9123, (np.nan, np.nan), "0.912"),
        (np.nan, (0.9, 0.95), "n/a"),
    ],
)
def test_a_value_stands_with_its_interval(value, interval, shown):
    assert tables.with_interval(value, interval) == shown


def test_each_class_has_a_row_with_its_scores():
    rows = tables.per_class_rows(verdict())
    assert [row["class"] for row in rows] == ["A", "B", "C"]
    assert list(rows[0])[:4] == ["class", "positives", "auc", "ap"]


def test_a_class_that_cannot_be_scored_is_not_a_number_but_n_a():
    true = arrays()["true"].copy()
    true[:, 1] = 0
    cells = tables.class_section(verdict(true=true)).rows[1]
    assert cells[:4] == ["B", "0", "n/a", "n/a"]
    assert "nan" not in " ".join(cells)


def test_each_lead_has_a_row_and_a_line():
    v = wave_verdict()
    assert [row["lead"] for row in tables.lead_rows(v)] == list(v.leads)
    assert len(tables.lead_section(v).rows) == 12


def test_a_single_seed_has_no_spread():
    section = tables.config_section(over_seeds([verdict()]))
    assert section.rows[0][:2] == ["run", "1"]
    assert "±" not in section.rows[0][2]
