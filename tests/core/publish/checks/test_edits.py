"""An edit is taken apart into blocks and put together again."""

import pytest

from sweeptree.publish.checks.edits import FileEdit

OLD = b"a\nb\nc\nd\n"
NEW = b"a\nB\nc\nd\ne\n"
LOOP = b"a = 1\nfor b in range(3):\n    a += b\n\nc = 2\n"


def test_the_parts_of_an_edit() -> None:
    edit = FileEdit("a.txt", OLD, NEW)
    first, second = edit.blocks()
    assert edit.with_blocks([first]).new == b"a\nB\nc\nd\n"
    assert edit.with_blocks([second]).new == b"a\nb\nc\nd\ne\n"


@pytest.mark.parametrize("new", [NEW, b"", b"x\n" + OLD, b"a\nb", OLD + OLD, b"a\x0c\nb\r\nq"])
def test_all_parts_together_are_the_edit(new: bytes) -> None:
    edit = FileEdit("a.txt", OLD, new)
    lines = [line for block in edit.blocks() for line in edit.split_block(block)]
    assert edit.with_blocks(edit.blocks()).new == new
    assert edit.with_blocks(lines).new == new


def test_added_lines_by_their_numbers() -> None:
    assert FileEdit("a.txt", OLD, NEW).added_lines() == {2: "B\n", 5: "e\n"}


def test_a_statement_of_python_is_not_torn() -> None:
    edit = FileEdit("a.py", b"", LOOP)
    pieces = [block.lines for block in edit.split_block(edit.blocks()[0])]
    assert ("for b in range(3):\n", "    a += b\n") in pieces
    assert ("a = 1\n",) in pieces and ("c = 2\n",) in pieces
