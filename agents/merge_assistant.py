"""Merge Assistant: tests the result of a merge and lands exactly what was tested."""

from __future__ import annotations

import os

from sweeptree.engine.agent_runs import agent
from sweeptree.errors import UsageError
from sweeptree.publish.delivery import Context
from sweeptree.publish.merging import (
    MergeDecision,
    MergeReport,
    MergeSpec,
    merge_pull,
    merge_worktree,
    report_on,
)
from sweeptree.settings import Settings


@agent("merge-assistant")
def merge_assistant(spec: MergeSpec) -> MergeReport:
    """Review a pull request (or, without a forge, a worktree) and land it when all is green.

    A dry run is the default: a merge is asked for on purpose.
    """
    return report_on(_decide(spec))


def _decide(spec: MergeSpec) -> MergeDecision:
    if spec.pull_request is not None and spec.worktree is None:
        context = Context.of(Settings(), os.environ)
        return merge_pull(spec.repo, spec.pull_request, spec.options, context)
    if spec.worktree is not None and spec.pull_request is None:
        return merge_worktree(spec.worktree, spec.options)
    raise UsageError("nothing to merge was named", hint="give either pull_request or worktree")
