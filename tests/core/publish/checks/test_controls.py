"""Tests are changed so that they must fail."""

import ast
from pathlib import Path

import pytest

from sweeptree.publish.checks.controls import find_test, make_control, make_fail

EQUAL = "def test_it():\n    assert 2 + 2 == 4\n"
LITERAL_FIRST = "def test_it():\n    assert 4 == 2 + 2\n"
RAISING = "def test_it():\n    try:\n        int('x')\n    except ValueError:\n        pass\n"
EARLY = "def test_it():\n    if 1:\n        return\n    assert 1 == 1\n"


@pytest.mark.parametrize("source", [EQUAL, LITERAL_FIRST, RAISING, EARLY])
def test_a_passing_test_fails_when_it_is_changed(source: str) -> None:
    tree = ast.parse(source)
    make_fail(tree.body[0])  # type: ignore[arg-type]
    made: dict[str, object] = {}
    exec(compile(ast.fix_missing_locations(tree), "t", "exec"), made)
    with pytest.raises(AssertionError):
        made["test_it"]()  # type: ignore[operator]


def test_a_test_in_a_class_with_parameters_is_found() -> None:
    tree = ast.parse("class A:\n    class B:\n        def test_it(self): ...\n")
    found = find_test(tree, "t.py::A::B::test_it[1::2]")
    assert found is not None and found.name == "test_it"


def test_tests_that_are_nowhere_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text(EQUAL)
    control = make_control(tmp_path, ["t.py::test_it", "t.py::inherited", "gone.py::x"])
    assert control.node_ids == ("t.py::test_it",)
    assert list(control.files) == ["t.py"]
