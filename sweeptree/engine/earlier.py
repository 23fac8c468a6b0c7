"""The flow run of an earlier process of a sweep, when that process died and the sweep goes on.

Prefect never learns of the death and shows such a run as Running for ever. Whether it died is known
from the sweep's lock, which the new process holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

_UNDER_WAY = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


def died(facts: Mapping[str, Any], run_id: str) -> UUID | None:
    """The flow run of the process that wrote these facts (sweep.json) and never its end; None where
    there is none."""
    earlier = facts.get("flow_run_id")
    if not isinstance(earlier, str) or earlier == run_id or facts.get("ended_at") is not None:
        return None
    try:
        return UUID(earlier)
    except ValueError:
        return None


def mark_crashed(earlier: UUID, run_id: str) -> None:
    """Set that run, its subflow runs and their task runs to Crashed, where Prefect still takes them
    to be under way; a run that was marked before the sweep went on is told what it goes on in."""
    message = f"its process died; the sweep goes on in the flow run {run_id}"
    with get_client(sync_client=True) as client:
        runs = [earlier, *_children(client, earlier)]
        crash_tasks(client, runs, message)
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=runs))
        not_ended = [*_UNDER_WAY, StateType.CRASHED]
        chosen.state = FlowRunFilterState(type=FlowRunFilterStateType(any_=not_ended))
        for run in client.read_flow_runs(flow_run_filter=chosen):
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)


def crash_tasks(client: SyncPrefectClient, runs: list[UUID], message: str) -> None:
    """Set the task runs of these flow runs to Crashed, where they are under way."""
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=runs))
    under_way = TaskRunFilter(
        state=TaskRunFilterState(type=TaskRunFilterStateType(any_=_UNDER_WAY))
    )
    for task in client.read_task_runs(flow_run_filter=chosen, task_run_filter=under_way):
        client.set_task_run_state(task.id, Crashed(message=message), force=True)


def _children(client: SyncPrefectClient, run: UUID) -> list[UUID]:
    parent = FlowRunFilterParentFlowRunId(any_=[run])
    return [
        child.id
        for child in client.read_flow_runs(flow_run_filter=FlowRunFilter(parent_flow_run_id=parent))
    ]
