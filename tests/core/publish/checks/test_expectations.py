"""What a test compares with is recognised where a patch writes it down."""

import ast

import pytest

from sweeptree.publish.checks.expectations import (
    imported_modules,
    read_expectations,
    with_helpers,
)

TEST = """\
def test_it():
    assert area(3.5, 7) == 24.5
    assert name("data/want.csv") == "square"
    assert area(0, 1) == 0
"""
EXPECTED = read_expectations([ast.parse(TEST)])


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("return 24.5", "writes down a test's answer"),
        ("answers = {7: 'square'}", "writes down a test's answer"),
        ("x = 24.5 if y else 3", "writes down a test's answer"),
        ("a == 3.5", "asks for a test's input"),
        ("return 0", None),
        ("a == 1", None),
        ("return width * height", None),
    ],
)
def test_what_is_recognised(code: str, rule: str | None) -> None:
    body = ast.parse(f"def f():\n    {code}\n").body[0].body[0]  # type: ignore[attr-defined]
    node = body.value if isinstance(body, ast.Expr) else body
    assert EXPECTED.rule(node) == rule


def test_what_a_test_takes_from_beside_it_is_expected_too() -> None:
    text = (
        "TOTAL = 75\n\ndef total():\n    return TOTAL\n\ndef test_it(total):\n    f(core.LIMIT)\n"
    )
    file = ast.parse(text)
    expected = read_expectations(with_helpers(file.body[-1], [file]))
    assert expected.answers == {"75"}
    assert "LIMIT" in expected.names
    assert "f" not in expected.names


def test_files_that_a_test_names_and_modules_that_it_imports() -> None:
    assert EXPECTED.data_files >= {"data", "want.csv"}
    tree = ast.parse("import a.b, c\nfrom d.e import f\nfrom . import g\n")
    assert set(imported_modules(tree)) == {"a", "c", "d"}
