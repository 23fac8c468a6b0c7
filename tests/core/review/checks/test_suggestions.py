"""A fix as whole lines."""

from typing import Any

import pytest

from sweeptree.review.change import ChangedFile
from sweeptree.review.checks.suggestions import Replacement, suggestion_of

TEXT = "a = 1\nif x is 3:\n    pass\n"


def fix(row: int, column: int, end_row: int, end_column: int, content: str) -> dict[str, Any]:
    edit = {
        "content": content,
        "location": {"row": row, "column": column},
        "end_location": {"row": end_row, "column": end_column},
    }
    return {"applicability": "safe", "edits": [edit]}


def changed(*added: int) -> ChangedFile:
    return ChangedFile("a.py", "", TEXT, frozenset(added), 0)


def test_a_part_of_a_line_becomes_the_whole_line() -> None:
    done = suggestion_of(fix(2, 6, 2, 8, "=="), changed(2), 2)
    assert done == Replacement(2, 2, "if x == 3:")


def test_several_lines() -> None:
    done = suggestion_of(fix(2, 1, 3, 9, "y = x == 3"), changed(2, 3), 2)
    assert done == Replacement(2, 3, "y = x == 3")


@pytest.mark.parametrize(
    ("edit", "added", "line"),
    [
        (fix(2, 6, 2, 8, "=="), (3,), 2),
        (fix(2, 6, 2, 8, "=="), (2,), 1),
        (fix(2, 1, 3, 1, ""), (2,), 2),
        (fix(2, 6, 2, 8, "==") | {"applicability": "unsafe"}, (2,), 2),
        (None, (2,), 2),
    ],
)
def test_no_suggestion_outside_the_change_or_unsafe_or_to_delete(
    edit: dict[str, Any] | None, added: tuple[int, ...], line: int
) -> None:
    assert suggestion_of(edit, changed(*added), line) is None
