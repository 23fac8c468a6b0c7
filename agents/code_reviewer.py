"""Code Reviewer: what is new and wrong in a change, with the tests that show it."""

from __future__ import annotations

import os

from sweeptree.engine.agent_runs import agent
from sweeptree.publish.delivery import Context
from sweeptree.review import ReviewReport, ReviewSpec, report_on, review, subject_of
from sweeptree.settings import Settings


@agent("code-reviewer")
def code_reviewer(spec: ReviewSpec) -> ReviewReport:
    """Review a worktree, a range of commits or a pull request.

    Nothing leaves this machine unless `post` is set.
    """
    context = Context.of(Settings(), os.environ)
    return report_on(review(spec.repo, subject_of(spec), spec.options, context))
