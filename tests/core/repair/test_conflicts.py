"""Conflict markers are found and resolved to one side."""

import pytest

from sweeptree.repair.conflicts import Side, has_conflict, resolved

CONFLICT = b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n"
DIFF3 = b"<<<<<<< a\nx = 1\n||||||| base\nx = 0\n=======\nx = 2\n>>>>>>> b\n"


@pytest.mark.parametrize("conflict", [CONFLICT, DIFF3])
def test_each_side_is_one_answer(conflict: bytes) -> None:
    text = b"a = 1\n" + conflict + b"b = 1\n" + conflict
    assert has_conflict(text)
    assert resolved(text, Side.OURS) == b"a = 1\nx = 1\nb = 1\nx = 1\n"
    assert resolved(text, Side.THEIRS) == b"a = 1\nx = 2\nb = 1\nx = 2\n"


@pytest.mark.parametrize(
    "text",
    [b"Title\n=======\n", b"<<<<<<< HEAD\nx = 1\n", b"x = 1\n", CONFLICT + b"<<<<<<< HEAD\nx\n"],
)
def test_half_a_conflict_is_none(text: bytes) -> None:
    assert not has_conflict(text)
