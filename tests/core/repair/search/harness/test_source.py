"""Edits by bytes, whatever the letters."""

import ast

from sweeptree.repair.search.harness.source import Edit, SourceFile, is_docstring, own_expressions


def test_an_edit_counts_bytes() -> None:
    source = SourceFile("f.py", "x = 'ä'  # ö\ny = x\n".encode())
    value = source.tree.body[1].value  # type: ignore[attr-defined]
    edit = Edit(source.start(value), source.end(value), "'ü'")
    assert source.edited((edit,)).decode() == "x = 'ä'  # ö\ny = 'ü'\n"


def test_edits_do_not_disturb_each_other() -> None:
    source = SourceFile("f.py", b"a - b\n")
    assert source.edited((Edit(0, 1, "long"), Edit(4, 5, ""))) == b"long - \n"


def test_windows_line_ends_stay() -> None:
    source = SourceFile("f.py", b"a = 1\r\nb = 2\r\n")
    statement = source.tree.body[1]
    assert source.text(statement) == "b = 2"


def test_the_statement_of_the_module_around_a_span() -> None:
    source = SourceFile("f.py", b"import os\n@d\ndef f():\n    return 1\n")
    inner = source.tree.body[1].body[0]  # type: ignore[attr-defined]
    assert source.top_statement(source.start(inner), source.end(inner)) is source.tree.body[1]


def test_annotations_and_inner_statements_are_not_a_statements_own() -> None:
    tree = ast.parse("for i in x:\n    y: int = 2")
    assert [ast.unparse(node) for node in own_expressions(tree.body[0])] == ["i", "x"]


def test_a_docstring() -> None:
    assert is_docstring(ast.parse("'words'").body[0])
