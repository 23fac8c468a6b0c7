"""Merge Assistant: tests the result of a merge and lands exactly what was tested, or says in one
sentence why not."""

from __future__ import annotations

import os
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from sweeptree.agents.experiment_orchestrator import REFUSED
from sweeptree.engine.artifacts import publish_page
from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.publish.delivery import Context
from sweeptree.publish.merging import MergeDecision, MergeSpec, merge_pull, merge_worktree
from sweeptree.settings import Settings


@flow(name="merge-assistant", persist_result=False)
def merge_assistant(spec: MergeSpec) -> State[Any]:
    """Review a pull request (or, without a forge, a worktree), test the merge's result, and land it
    when all is green.

    A dry run is the default: a merge is asked for on purpose. What is not merged ends as Refused,
    with the reason; where git or the forge fails, the run ends as Failed.
    """
    try:
        decision = _decide(spec)
    except SweeptreeError as error:  # said as one line in the UI, not as a traceback
        name = REFUSED if isinstance(error, UsageError | Refused) else None
        return Failed(name=name, message="; ".join([error.message, *error.hint]))
    said = f"{decision.state}: {decision.reason or decision.subject}"
    get_run_logger().info("%s", "; ".join([said, *decision.warnings]))
    publish_page("merge-assistant", decision.markdown)
    if decision.state == "refused":
        return Failed(name=REFUSED, message=decision.reason)
    return Completed(message=said)


def _decide(spec: MergeSpec) -> MergeDecision:
    if spec.pull_request is not None and spec.worktree is None:
        return merge_pull(
            spec.repo, spec.pull_request, spec.options, Context.of(Settings(), os.environ)
        )
    if spec.worktree is not None and spec.pull_request is None:
        return merge_worktree(spec.worktree, spec.options)
    raise UsageError("it is not said what to merge", hint="give either pull_request or worktree")
