"""Operators that are mixed up, and operands that are one too many."""

from core.repair.search.search_kit import in_function, variants
from sweeptree.repair.search.harness.templates import operators


def test_a_boundary_moves() -> None:
    assert in_function(operators.comparison_boundary, "return a < b") == ["return a <= b"]


def test_a_comparison_turns_round() -> None:
    made = in_function(operators.comparison_direction, "return a == b")
    assert made == ["return a != b"]


def test_each_operator_of_a_chain_apart() -> None:
    made = in_function(operators.comparison_boundary, "return a < b <= 3")
    assert made == ["return a <= b <= 3", "return a < b < 3"]


def test_membership_is_negated() -> None:
    assert in_function(operators.membership, "return a not  in items") == ["return a in items"]


def test_arithmetic_keeps_parentheses_and_comments() -> None:
    made = in_function(operators.arithmetic, "return (a) + (b)  # why")
    assert made == ["return (a) - (b)  # why"]


def test_one_place_of_a_boolean_chain() -> None:
    made = in_function(operators.boolean_operator, "return a and b and items")
    assert made == ["return a or b and items", "return a and b or items"]


def test_an_operand_less() -> None:
    assert "return a" in in_function(operators.drop_operand, "return a - 1")
    assert "return b or items" in in_function(operators.drop_operand, "return a or b or items")


def test_operands_change_places_where_the_order_counts() -> None:
    assert in_function(operators.swap_operands, "return a - b") == ["return b - a"]
    assert in_function(operators.swap_operands, "return a * b") == []


def test_operands_are_grouped_anew() -> None:
    assert "return (a + b) / 2" in in_function(operators.regroup, "return a + b / 2")


def test_an_update_changes_or_starts_anew() -> None:
    made = in_function(operators.augmented, "a += 1")
    assert made == ["a -= 1", "a = 1", "a = 0"]
    assert in_function(operators.augmented, "a = b") == ["a += b", "a -= b"]


def test_a_sign_comes_and_goes() -> None:
    assert "return a" in in_function(operators.sign, "return -a")
    assert "return -a" in in_function(operators.sign, "return a")


def test_a_condition_is_negated() -> None:
    assert variants(operators.negate, "if a:\n    pass\n") == ["if not a:\n    pass\n"]
    assert "return a" in in_function(operators.negate, "return not a")


def test_every_template_of_operators_survives_what_it_does_not_know() -> None:
    odd = "return [x for x in items if x] @ (lambda: (yield))()"
    assert in_function(operators.arithmetic, odd) == []
