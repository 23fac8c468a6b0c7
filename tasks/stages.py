"""The stages of a job as Prefect tasks: a name, a run name, one core call, a state that people can
read.

A stage that failed shows as Failed in the Prefect UI and raises nothing: what happened stands in
the record. The chain is passed as one opaque object, and the order of the stages as `wait_for`:
objects shared between jobs would show as edges that are none (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun, TaskRunResult
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed, Pending
from prefect.task_engine import run_task_sync

from sweeptree.model import JobState, Outcome
from sweeptree.sweep import adoption, stages
from sweeptree.sweep.running import Chain

StageTask = Task[[int, Chain], State[Any]]


@task(
    name="create-worktree",
    task_run_name="create-worktree {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def create_worktree(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001 - the index names the task run
    """A clean checkout of the pinned commit for one job."""
    return _stage(chain, lambda: _done(str(stages.prepare_worktree(chain).path)))


@task(
    name="run-command",
    task_run_name="run-command {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def run_command(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001
    """The job's command under its keeper, on its GPU."""
    return _stage(chain, lambda: _as_state(stages.run_command(chain)))


@task(
    name="adopt-command",
    task_run_name="adopt-command {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def adopt_command(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001
    """An attempt that an earlier run of the sweep started: waited for, not started again."""
    return _stage(chain, lambda: _adopted_state(adoption.adopt(chain)))


@task(
    name="auto-fix",
    task_run_name="auto-fix {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def auto_fix(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001
    """The auto-fix script in the job's worktree; a failing script is recorded and stops nothing."""
    return _stage(chain, lambda: _as_state(stages.auto_fix(chain), stops=False))


@task(
    name="commit-and-pr",
    task_run_name="commit-and-pr {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def commit_and_pr(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001
    """What the job changed in tracked files, on a branch of its own."""
    return _stage(chain, lambda: _branch_state(chain))


@task(
    name="label-and-review",
    task_run_name="label-and-review {index}  {chain.label}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def label_and_review(index: int, chain: Chain) -> State[Any]:  # noqa: ARG001
    """Labels and reviewers for the job's pull request."""
    return _stage(chain, lambda: _done(stages.label_and_review(chain)))


def through_engine(stage: StageTask, chain: Chain, after: State[Any] | None) -> State[Any] | None:
    """Run a stage as a task run.

    When the engine cannot be reached the stage runs all the same, without one.

    Returns the task run's state (None without the engine); never raises. `chain.error` says whether
    it failed.
    """
    if not chain.sweep.engine:
        return stage.fn(chain.job.index, chain)
    started = chain.stages_begun
    try:
        return _run(stage, chain, after)
    except Exception as error:  # whatever the engine's trouble is, the job goes on
        chain.sweep.miss(f"{type(error).__name__}: {error}")
    if chain.stages_begun == started:
        stage.fn(chain.job.index, chain)
    return None


def _run(stage: StageTask, chain: Chain, after: State[Any] | None) -> State[Any] | None:
    """Run a stage as a task run that hangs on the one before.

    A stage that may wait for Prefect's limit is shown as Pending meanwhile. Any other one runs at
    once, so it gets its task run ready-made: two events instead of three, and no search through
    states for what is known here (docs/benchmarks.md says what that saves).
    """
    if stage.tags:
        return stage(chain.job.index, chain, wait_for=[after] if after else None, return_state=True)
    parameters = {"index": chain.job.index, "chain": chain}
    state = run_task_sync(
        stage, task_run=_task_run(stage, chain, after), parameters=parameters, return_type="state"
    )
    assert isinstance(state, State)
    return state


def _task_run(stage: StageTask, chain: Chain, after: State[Any] | None) -> TaskRun:
    flow = FlowRunContext.get()
    before = after.state_details.task_run_id if after is not None else None
    state: State[Any] = Pending()
    return TaskRun(
        name=f"{stage.name} {chain.job.index}  {chain.label}",
        flow_run_id=flow.flow_run.id if flow is not None and flow.flow_run is not None else None,
        task_key=stage.task_key,
        task_version=stage.version,
        dynamic_key=str(uuid4()),
        task_inputs={"wait_for": [TaskRunResult(id=before)]} if before is not None else {},
        expected_start_time=state.timestamp,
        state=state,
    )


def _stage(chain: Chain, body: Callable[[], State[Any]]) -> State[Any]:
    chain.stages_begun += 1
    try:
        return body()
    except Exception as error:  # the edge of a job: its trouble ends it, not the sweep
        chain.error = error
        return Failed(message=str(error)[:500])


def _done(message: str) -> State[Any]:
    return Completed(message=message[:500])


def _as_state(outcome: Outcome | None, *, stops: bool = True) -> State[Any]:
    if outcome is None:
        return _done("nothing to run")
    if outcome.state is JobState.SUCCEEDED:
        return _done(f"exit code 0 after {outcome.duration_seconds:.1f} s")
    if outcome.state is JobState.CANCELLED:
        return Cancelled(message=outcome.reason or "cancelled")
    if not stops:
        return Completed(
            name="CompletedWithTrouble", message=f"the script failed: {outcome.reason}"
        )
    name = "TimedOut" if outcome.state is JobState.TIMED_OUT else "Failed"
    return Failed(name=name, message=(outcome.reason or outcome.state)[:500])


def _adopted_state(outcome: Outcome | None) -> State[Any]:
    return (
        _as_state(outcome)
        if outcome
        else Completed(name="Lost", message="its keeper had died: a new attempt")
    )


def _branch_state(chain: Chain) -> State[Any]:
    branch = stages.commit(chain)
    return _done(f"{branch.name} at {branch.commit[:12]}" if branch else "nothing to commit")
