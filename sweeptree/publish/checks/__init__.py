"""Test a commit in a throw-away worktree, without secrets.

For whoever must know whether a commit is sound before it goes anywhere: the Merge Assistant, the
CI Fixer and the Code Reviewer. Hides: how a repository is tested, the worktree, the keeper that
ends hanging tests, and that the code of a commit is a stranger's: it sees no token.
"""

from sweeptree.publish.checks.command import find_test_command
from sweeptree.publish.checks.testing import TestRun, run_tests

__all__ = ["TestRun", "find_test_command", "run_tests"]
