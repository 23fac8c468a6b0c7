"""The stages of a job as Prefect tasks: a name, a run name, one call.

A stage that failed is a Failed state and raises nothing: what happened stands in the record. The
index of a job stands among the parameters of its task runs, for people who look at them.
"""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from sweeptree.engine.stage_runs import StageCall, StageTask
from sweeptree.sweep.results import Delivered, Fixed, Lost, Prepared, Ran, Reviewed


@task(
    name="create-worktree",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def create_worktree(index: int, call: StageCall[Prepared]) -> State[Any]:  # noqa: ARG001
    """A clean checkout of the pinned commit for one job."""
    return call.state()


@task(
    name="run-command",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def run_command(index: int, call: StageCall[Ran]) -> State[Any]:  # noqa: ARG001
    """The job's command under its keeper, on its GPU."""
    return call.state()


@task(
    name="adopt-command",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def adopt_command(index: int, call: StageCall[Ran | Lost]) -> State[Any]:  # noqa: ARG001
    """An attempt that an earlier run of the sweep started: waited for, not started again."""
    return call.state()


@task(
    name="auto-fix",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def auto_fix(index: int, call: StageCall[Fixed]) -> State[Any]:  # noqa: ARG001
    """The auto-fix script in the job's worktree; a failing script is recorded and stops nothing."""
    return call.state()


@task(
    name="commit-and-pr",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def commit_and_pr(index: int, call: StageCall[Delivered]) -> State[Any]:  # noqa: ARG001
    """What the job changed in tracked files, on a branch of its own, with a pull request."""
    return call.state()


@task(
    name="label-and-review",
    task_run_name="{call.title}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def label_and_review(index: int, call: StageCall[Reviewed]) -> State[Any]:  # noqa: ARG001
    """Labels and reviewers for the job's pull request."""
    return call.state()


ALL: dict[str, StageTask] = {
    each.name: each
    for each in (
        create_worktree,
        run_command,
        adopt_command,
        auto_fix,
        commit_and_pr,
        label_and_review,
    )
}
