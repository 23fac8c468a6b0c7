"""The Code Reviewer: what is new and wrong in a change, said once and at its place.

Hides: the tools and how their findings are told apart from what was there before, the runs of the
tests that show what a change broke, slowed or left unpinned, the formats of a review, and how a
pull request is kept up to date with it.
"""

from sweeptree.review.formats import rdjson_of, sarif_of
from sweeptree.review.markdown import item_of, markdown_of, verdict
from sweeptree.review.report import ReviewReport, ReviewSpec, report_on, subject_of
from sweeptree.review.subjects import review, review_commits, review_pull, review_worktree
from sweeptree.review.values import Finding, Review, ReviewOptions, Severity

__all__ = [
    "Finding",
    "Review",
    "ReviewOptions",
    "ReviewReport",
    "ReviewSpec",
    "Severity",
    "item_of",
    "markdown_of",
    "rdjson_of",
    "report_on",
    "review",
    "review_commits",
    "review_pull",
    "review_worktree",
    "sarif_of",
    "subject_of",
    "verdict",
]
