"""What new code does to other modules, with its arguments, and on which conditions."""

import ast

import pytest

from sweeptree.publish.checks.module_rules import (
    constants,
    ignored_arguments,
    module_findings,
    removes_checks,
)


def findings(code: str) -> set[str]:
    return {rule for _, rule in module_findings(ast.parse(code))}


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import json\njson.loads = f", "replaces a part of another module"),
        ("import json\nj = json\nj.loads = f", "replaces a part of another module"),
        ("from a import LIMITS\nLIMITS.clear()", "replaces a part of another module"),
        ("import a\na.limits.pop()", "replaces a part of another module"),
        ("import math\nspoil(math)", "hands a module on"),
        ("class N(int):\n    def __sub__(self, o): return 0", "says what it is equal to"),
        ("x = 1 if 'wt' in __file__ else 2", "asks where or when it runs"),
        ("if date.today() < date(2999, 1, 1): f()", "asks where or when it runs"),
        ("if time.time() > 1.9e9: f()", "asks where or when it runs"),
        ("def __getattr__(name): return f", "answers for any name"),
    ],
)
def test_what_is_recognised(code: str, rule: str) -> None:
    assert rule in findings(code)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nx = np.append(a, b)",
        "class Money(Decimal):\n    def __repr__(self): return 'x'",
        "import os\nos.remove(path)",
        "if time.time() - start > 30: f()",
        "here = Path(__file__).parent",
    ],
)
def test_what_is_ordinary(code: str) -> None:
    assert findings(code) == set()


def test_arguments_that_are_not_looked_at_any_more() -> None:
    old = ast.parse("class C:\n    def f(self, a):\n        return a\n\ndef g(a): return 1\n")
    new = ast.parse("class C:\n    def f(self, a):\n        return 7\n\ndef g(a): return 2\n")
    assert list(ignored_arguments(old, new)) == [("C.f", 2)]
    assert list(ignored_arguments(old, old)) == []


def test_checks_and_constants() -> None:
    checked, unchecked = ast.parse("if a:\n    raise E"), ast.parse("a")
    assert removes_checks(checked, unchecked)
    assert not removes_checks(unchecked, checked)
    tree = ast.parse("A = 1\nclass C:\n    B: int = 2\ndef f():\n    D = 3\n")
    assert [name for name, _ in constants(tree)] == ["A", "B"]
