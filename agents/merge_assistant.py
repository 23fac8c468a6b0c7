"""Merge Assistant: tests the result of a merge and lands exactly what was tested, or says in one sentence why not."""

from __future__ import annotations

import os
from pathlib import Path

from prefect import flow
from prefect.logging import get_run_logger

from sweeptree.delivery import Surroundings
from sweeptree.merging import MergeDecision, MergeOptions, merge_pull, merge_worktree
from sweeptree.settings import Settings
from sweeptree.tasks.publish import publish_page


@flow(name="merge-assistant", persist_result=False)
def merge_assistant(
    repo: Path = Path(), pull_request: int | None = None, worktree: Path | None = None, dry_run: bool = True
) -> str:
    """Review a pull request (or, without a forge, a worktree), test the merge's result, and land it when all is green.

    `dry_run` tells what would be done and is the default: a merge is asked for on purpose.
    """
    if (pull_request is None) == (worktree is None):
        raise ValueError("give either pull_request or worktree")
    options = MergeOptions(dry_run=dry_run)
    decision: MergeDecision
    if pull_request is not None:
        decision = merge_pull(repo, pull_request, options, Surroundings.of(Settings(), os.environ))
    else:
        assert worktree is not None
        decision = merge_worktree(worktree, options)
    said = f"{decision.state}: {decision.reason or decision.subject}"
    get_run_logger().info("%s", said)
    publish_page("merge-assistant", decision.markdown)
    return said
