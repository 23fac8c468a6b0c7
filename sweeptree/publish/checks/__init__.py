"""Test a commit in a throw-away worktree, without secrets, and judge a patch by its tests.

For whoever must know whether a commit is sound before it goes anywhere: the Merge Assistant, the
CI Fixer and the Code Reviewer. Hides: how a repository is tested, the worktree, the keeper that
ends hanging tests, that the code of a commit is a stranger's (it sees no token), how each test's
result is read from outside, and what a patch may not do to pass.
"""

from sweeptree.publish.checks.capture import capture_in, capture_tests
from sweeptree.publish.checks.command import find_test_command
from sweeptree.publish.checks.gate import judge
from sweeptree.publish.checks.results import CaseState, Frame, Runner, TestCase, TestResults
from sweeptree.publish.checks.testing import TestRun, run_tests
from sweeptree.publish.checks.verdict import RedFlag, Verdict

__all__ = [
    "CaseState",
    "Frame",
    "RedFlag",
    "Runner",
    "TestCase",
    "TestResults",
    "TestRun",
    "Verdict",
    "capture_in",
    "capture_tests",
    "find_test_command",
    "judge",
    "run_tests",
]
