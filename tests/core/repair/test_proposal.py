"""A budget runs from when it was made."""

from sweeptree.repair.proposal import Budget


def test_what_is_left_of_a_budget_only_shrinks() -> None:
    budget = Budget(60.0)
    first = budget.left
    assert 0 <= budget.left <= first <= 60.0
    assert Budget(0.0).left == 0.0
