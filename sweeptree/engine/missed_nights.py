"""What becomes of nights that were missed while the machine was off: only the newest one runs."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import FlowRunContext


def newer_night() -> datetime | None:
    """When a newer run of the same schedule was due, if one waits; None otherwise, and for a run
    that no schedule has made."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return _newer(run) if run is not None else None


def _newer(run: FlowRun) -> datetime | None:
    due_at = run.expected_start_time
    if not run.auto_scheduled or run.deployment_id is None or due_at is None:
        return None
    return max((at for at in due_now(run.deployment_id) if at > due_at), default=None)


def due_now(deployment: UUID) -> list[datetime]:
    """When the runs of a deployment were due that still wait."""
    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    this = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=waiting, deployment_filter=this)
    return [run.expected_start_time for run in found if run.expected_start_time is not None]
