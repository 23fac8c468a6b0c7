"""Functions that grew too many branches."""

import ast
from pathlib import Path

from core.review_kit import make_change
from sweeptree.review.checks.complexity import check_complexity, complexity
from sweeptree.review.scopes import functions
from sweeptree.review.values import Severity


def function(branches: int) -> str:
    return "def f(x):\n" + "    if x:\n        x += 1\n" * branches + "    return x\n"


def test_it_counts_as_mccabe_does() -> None:
    text = "def f(a, b):\n    if a and b or a:\n        return [x for x in a if x]\n    return 1\n"
    (scope,) = functions(text)
    assert isinstance(scope.node, ast.FunctionDef)
    assert complexity(scope.node) == 6


def test_one_that_grew_over_ten(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": function(9)}, {"a.py": function(11)})
    (found,) = check_complexity(change).findings
    assert found.severity is Severity.NOTE
    assert "12 ways through it, it had 10" in found.message
    assert found.line in change.files[0].added


def test_one_that_was_so_before_is_left_alone(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": function(20)}, {"a.py": "#\n" + function(20)})
    assert check_complexity(change).findings == ()


def test_a_very_large_one_warns(tmp_path: Path) -> None:
    (found,) = check_complexity(make_change(tmp_path, {}, {"a.py": function(16)})).findings
    assert found.severity is Severity.WARNING
