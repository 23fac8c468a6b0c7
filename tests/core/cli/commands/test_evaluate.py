"""`sweeptree evaluate`: what it is given, and how the runs are shown."""

from pathlib import Path

import pytest

from core.cli_records import call
from sweeptree.cli.commands.evaluate import _padded


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "no predictions were given"), ((".", "--command", "make"), "not both")],
)
def test_one_source_is_needed(words: tuple[str, ...], said: str) -> None:
    ran = call("evaluate", *words)
    assert ran.code == 2
    assert said in ran.err


def test_a_folder_without_predictions_is_a_mistake(tmp_path: Path) -> None:
    ran = call("evaluate", str(tmp_path))
    assert ran.code in (2, 3)
    assert str(tmp_path) in ran.err and "Traceback" not in ran.err


def test_cells_are_padded_but_for_the_end_of_the_line() -> None:
    assert _padded(["a", "bb", "c"], [3, 2, 9]) == "a    bb  c"
