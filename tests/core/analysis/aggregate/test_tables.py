"""The tables are the same bytes whether pandas writes them or the csv module."""

import csv
import io
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweeptree.analysis.aggregate.tables import Table

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=[])),
    st.lists(st.one_of(st.none(), st.integers(), st.text()), max_size=2),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(2, 4))
    columns = draw(st.lists(st.text(min_size=1), min_size=width, max_size=width, unique=True))
    return Table(
        columns, draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4))
    )


def one(*cells: Any) -> Table:
    return Table(("a", "b"), (cells,))


@settings(deadline=None)  # the first example imports pandas
@given(tables())
@example(one(float("nan"), float("-inf")))
@example(one(True, 10**400))
@example(one("a lone\rreturn", None))
@example(one('say "yes"', "one,\r\ntwo"))
@example(one("", "nan"))
@example(one("\ud800", 1e-7))
@example(one("", ""))
def test_both_writers_give_the_same_bytes(table: Table) -> None:
    assert table.as_csv_at_once() == table.as_csv()


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+2", "-a", "\t=1", "\r=1"])
def test_nothing_runs_in_a_spreadsheet(text: str) -> None:
    written = Table((text, "b"), ((text, 1),)).as_csv_at_once().decode()
    head, row = csv.reader(io.StringIO(written, newline=""))
    assert (head[0], row[0]) == (f"'{text}", f"'{text}")


@pytest.mark.parametrize("cell", [-1, -0.5, "-1e-3", "+2", "-.5", "a=b", "x@y"])
def test_numbers_and_other_text_stay_as_they_are(cell: object) -> None:
    assert one(cell, 1).as_csv_at_once().decode() == f"a,b\n{cell},1\n"
