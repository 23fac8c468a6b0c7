"""The Merge Assistant: shows what a merge would be, tests its result, and lands exactly what was
tested.

Hides: the order that keeps the base sound (it only ever moves to a commit whose tests were green),
and the two ways to land: a fast-forward push, or the forge's own merge where the base is protected.
"""

from sweeptree.publish.checks import TestRun, find_test_command
from sweeptree.publish.merging.assistant import merge_pull, merge_worktree
from sweeptree.publish.merging.values import MergeDecision, MergeOptions, MergeSpec

__all__ = [
    "MergeDecision",
    "MergeOptions",
    "MergeSpec",
    "TestRun",
    "find_test_command",
    "merge_pull",
    "merge_worktree",
]
