"""The Merge Assistant: shows what a merge would be, tests its result, and lands exactly what was
tested.

Hides: the order that keeps the base sound (it only ever moves to a commit whose tests were green),
and the two ways to land: a fast-forward push, or the forge's own merge where the base is protected.
"""

from sweeptree.publish.merging.local import merge_worktree
from sweeptree.publish.merging.pull import merge_pull, pull_number
from sweeptree.publish.merging.report import MergeReport, report_on
from sweeptree.publish.merging.values import MergeDecision, MergeOptions, MergeSpec, MergeState

__all__ = [
    "MergeDecision",
    "MergeOptions",
    "MergeReport",
    "MergeSpec",
    "MergeState",
    "merge_pull",
    "merge_worktree",
    "pull_number",
    "report_on",
]
