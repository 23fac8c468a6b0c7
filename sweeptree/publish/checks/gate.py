"""The gate: does a patch mend what failed, honestly?"""

from __future__ import annotations

from sweeptree.publish.checks.results import TestResults
from sweeptree.publish.checks.verdict import Verdict
from sweeptree.repository import Repository


def judge(
    repo: Repository,
    base: str,
    patch: bytes,
    before: TestResults,
    command: str,
    budget_seconds: float,
) -> Verdict:
    """Test a patch on top of the commit `base`, in fresh worktrees, against the results without it.

    `before.targets` have to pass, and what passed has to pass still. A patch that is refused is a
    value, not an error.
    """
    raise NotImplementedError
