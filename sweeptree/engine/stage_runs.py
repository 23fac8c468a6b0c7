"""Runs the stages of jobs as Prefect task runs.

Hides: that a stage runs exactly once whatever the engine does, the task runs that are made ready
beforehand, and how a stage's result reads as a Prefect state. A stage that failed shows as Failed
in the Prefect UI and raises nothing. The call is passed as one opaque object, and the order of a
job's stages as `wait_for`: objects shared between jobs would show as edges that are none
(docs/decisions/0003).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun, TaskRunResult
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed, Pending
from prefect.task_engine import run_task_sync

from sweeptree.engine.job_logs import show_log
from sweeptree.model import JobState, Outcome
from sweeptree.sweep.results import (
    Delivered,
    Fixed,
    Lost,
    Prepared,
    Ran,
    Reviewed,
    SoFar,
    Stage,
    Trouble,
    run_directly,
)
from sweeptree.sweep.running import JobContext, Misses

R = TypeVar("R")
MAX_MESSAGE = 500


class StageCall(Generic[R]):
    """One call of a stage: whoever asks first runs it, everybody gets its result.

    No dataclass on purpose: the engine takes it as one opaque value.
    """

    def __init__(self, stage: Stage[R], job: JobContext, so_far: SoFar) -> None:
        self.title = f"job {job.index} {job.label}: {stage.title or stage.step}"
        self.index = job.index
        self.stage = stage
        self._job = job
        self._so_far = so_far
        self._results: list[R | Trouble] = []
        self._guard = threading.Lock()

    def result(self) -> R | Trouble:
        """Run the stage, unless that has been done."""
        with self._guard:
            if not self._results:
                result: R | Trouble = run_directly(self.stage, self._job, self._so_far)
                self._results.append(result)
            return self._results[0]

    def state(self) -> State[Any]:
        """The same as a state for the Prefect UI, where a command's log is shown with it."""
        result = self.result()
        if isinstance(result, Ran):
            show_log(self._job, result.outcome)
        return as_state(result)


StageTask = Task[[int, StageCall[Any]], State[Any]]


class StageRuns:
    """Runs stages as runs of these tasks (by stage name), each behind the one before of its job."""

    def __init__(self, tasks: Mapping[str, StageTask], misses: Misses) -> None:
        self._tasks = tasks
        self._misses = misses
        self._latest: dict[int, UUID] = {}

    def __call__(self, stage: Stage[R], job: JobContext, so_far: SoFar, /) -> R | Trouble:
        """Run a stage; where the engine cannot be reached, without a task run."""
        call = StageCall(stage, job, so_far)
        try:
            self._latest[job.index] = self._run(call)
        except Exception as error:  # whatever the engine's trouble is, the job goes on
            self._latest.pop(job.index, None)
            self._misses.add(f"{type(error).__name__}: {error}")
        return call.result()

    def _run(self, call: StageCall[R]) -> UUID:
        task = self._tasks[call.stage.name]
        before = None if call.stage.opens else self._latest.get(call.index)
        state = _run_waiting(task, call, before) if task.tags else _run_at_once(task, call, before)
        made = state.state_details.task_run_id
        assert made is not None
        return made


def _run_waiting(task: StageTask, call: StageCall[Any], before: UUID | None) -> State[Any]:
    """A stage that may wait for Prefect's limit is shown as Pending meanwhile."""
    upstream = [_ended(before)] if before is not None else None
    return task(call.index, call, wait_for=upstream, return_state=True)


def _ended(task_run: UUID) -> State[Any]:
    """The end of a task run, as far as an edge in the graph needs it.

    With data: Prefect asks for the result of what it waits for, and misses it without.
    """
    state: State[Any] = Completed(data=True)
    state.state_details.task_run_id = task_run
    return state


def _run_at_once(task: StageTask, call: StageCall[Any], before: UUID | None) -> State[Any]:
    """Any other one gets its task run ready-made: two events instead of three, and no search
    through states for what is known here (docs/benchmarks.md says what that saves)."""
    parameters = {"index": call.index, "call": call}
    run = _task_run(task, call, before)
    state = run_task_sync(task, task_run=run, parameters=parameters, return_type="state")
    assert isinstance(state, State)
    return state


def _task_run(task: StageTask, call: StageCall[Any], before: UUID | None) -> TaskRun:
    state: State[Any] = Pending()
    return TaskRun(
        name=call.title,
        flow_run_id=_flow_run_id(),
        task_key=task.task_key,
        task_version=task.version,
        dynamic_key=str(uuid4()),
        task_inputs={"wait_for": [TaskRunResult(id=before)]} if before is not None else {},
        expected_start_time=state.timestamp,
        state=state,
    )


def _flow_run_id() -> UUID | None:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None


def as_state(result: object) -> State[Any]:
    """What a stage came to, as people read it in the Prefect UI."""
    match result:
        case Trouble(error=error):
            return Failed(message=str(error)[:MAX_MESSAGE])
        case Ran(outcome=outcome):
            return _command_state(outcome)
        case Lost():
            return Completed(name="Lost", message="its keeper had died: a new attempt")
        case Fixed(outcome=None, notes=notes) if notes:
            return Completed(message="; ".join(notes)[:MAX_MESSAGE])
        case Fixed(script=script, outcome=outcome):
            return _fix_state(outcome, "auto-fix" if script is None else "the script")
    return Completed(message=_words(result)[:MAX_MESSAGE])


def _words(result: object) -> str:
    match result:
        case Prepared(worktree=worktree):
            return str(worktree.path)
        case Delivered(branch=None):
            return "nothing to commit"
        case Delivered(branch=branch) if branch is not None:
            return f"{branch.name} at {branch.commit[:12]}"
        case Reviewed(summary=summary):
            return summary
    return ""


def _command_state(outcome: Outcome) -> State[Any]:
    match outcome.state:
        case JobState.SUCCEEDED:
            return _succeeded(outcome)
        case JobState.CANCELLED:
            return Cancelled(message=outcome.reason or "cancelled")
    name = "TimedOut" if outcome.state is JobState.TIMED_OUT else "Failed"
    return Failed(name=name, message=(outcome.reason or outcome.state)[:MAX_MESSAGE])


def _fix_state(outcome: Outcome | None, what: str) -> State[Any]:
    if outcome is None:
        return Completed(name="CompletedWithTrouble", message="there is no such script")
    match outcome.state:
        case JobState.SUCCEEDED:
            return _succeeded(outcome)
        case JobState.CANCELLED:
            return Cancelled(message=outcome.reason or "cancelled")
    message = f"{what} failed: {outcome.reason}"
    return Completed(name="CompletedWithTrouble", message=message)


def _succeeded(outcome: Outcome) -> State[Any]:
    return Completed(message=f"exit code 0 after {outcome.duration_seconds:.1f} s")
