"""Conditions and guards."""

from core.repair.search.search_kit import in_function, variants
from sweeptree.repair.search.harness.templates import conditions

LOOP = "def f(a, items):\n    while a:\n        a = items[a]\n"


def test_an_index_that_the_block_reads_must_be_there() -> None:
    made = variants(conditions.strengthen, LOOP, 2)
    assert made[0] == LOOP.replace("while a:", "while a and a < len(items):")


def test_one_condition_is_enough() -> None:
    assert LOOP.replace("while a:", "while a or items:") in variants(conditions.weaken, LOOP, 2)


def test_or_is_put_into_parentheses() -> None:
    code = "def f(a, b):\n    if a or b:\n        pass\n"
    assert all("if (a or b) and " in text for text in variants(conditions.strengthen, code, 2))


def test_another_condition() -> None:
    made = variants(conditions.replace_condition, LOOP, 2)
    assert LOOP.replace("while a:", "while items:") in made


def test_no_division_by_zero() -> None:
    assert "return a / b if b else 0" in in_function(conditions.division_guard, "return a / b")
    assert "f((a / b if b else 0))" in in_function(conditions.division_guard, "f(a / b)")


def test_a_guard_before_a_statement() -> None:
    made = in_function(conditions.none_guard, "return a.left")
    assert "if a is None:\n        return 0\n    return a.left" in made


def test_a_guard_for_nothing() -> None:
    made = in_function(conditions.empty_guard, "return items[0]")
    assert "if not items:\n        return None\n    return items[0]" in made


def test_a_default_for_none() -> None:
    made = in_function(conditions.default_value, "return len(items)")
    assert "items = items or []\n    return len(items)" in made


def test_no_guard_beside_another_statement_of_the_line() -> None:
    assert in_function(conditions.none_guard, "a = 1; return a") == []
