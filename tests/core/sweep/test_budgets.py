"""The bounds that hold for a sweep as a whole."""

from sweeptree.model import JobRecord
from sweeptree.sweep.budgets import KEPT_FAILED, Budgets


def test_only_so_many_failed_worktrees_are_kept() -> None:
    budgets = Budgets(max_branches=1)
    assert [budgets.may_keep_failed() for _ in range(KEPT_FAILED + 2)].count(True) == KEPT_FAILED


def test_a_job_with_a_branch_may_always_have_it() -> None:
    budgets = Budgets(max_branches=1)
    assert [budgets.may_branch(index) for index in (4, 5, 4)] == [True, False, True]


def test_branches_of_earlier_runs_count() -> None:
    budgets = Budgets(max_branches=1)
    budgets.count_branches([JobRecord(id=0, git_branch="sweeptree/exp/0-a"), JobRecord(id=1)])
    assert (budgets.may_branch(0), budgets.may_branch(1)) == (True, False)
