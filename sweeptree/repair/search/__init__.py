"""Search-based repair: small changes of suspicious lines, tried until the tests pass; no model.

    repairs = find_repairs(top, failing, passing, python, budget_seconds)

What is found is a proposal and never applied unasked: it passes the tests, which is less than being
right, and so may the others beside it. Hides: the copy of the worktree in which tests run, the
harness in the user's own Python, and how an edit becomes a patch.
"""

from sweeptree.repair.search.client import SearchOutcome, find_repairs, judge_edits, search
from sweeptree.repair.search.values import Repair, SearchLimits, SearchTask

__all__ = [
    "Repair",
    "SearchLimits",
    "SearchOutcome",
    "SearchTask",
    "find_repairs",
    "judge_edits",
    "search",
]
