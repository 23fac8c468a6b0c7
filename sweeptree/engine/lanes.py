"""The flow runs of lanes, one for each host of a sweep: made as children of the sweep's flow run,
and ended for those that could not do it themselves.

Hides: the deployment that a run needs to be started on another machine; that a run which is
started by ssh must not be taken by a worker; and that Prefect does not notice a dead host.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from prefect import Task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Completed, Crashed, Pending, Scheduled

from sweeptree.engine import server
from sweeptree.engine.deployments import TAG
from sweeptree.engine.earlier import crash_tasks
from sweeptree.errors import ServerError
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.runs import LaneEnd
from sweeptree.hosts.lanes.start_facts import Access

FLOW = "sweep-lane"
DEPLOYMENT = "hosts"
POOL = "sweeptree-hosts"
ENTRYPOINT = "sweeptree.flows.lane.sweep_lane"

_DESCRIPTION = "One host's share of a sweep: `sweeptree run --hosts` starts it, nobody else."
_ENDS: Mapping[LaneEnd, Callable[..., State[Any]]] = {
    LaneEnd.COMPLETED: Completed,
    LaneEnd.CANCELLED: Cancelled,
    LaneEnd.CRASHED: Crashed,
}
_SETTINGS = {
    "PREFECT_API_KEY": "",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "10",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "DO_NOT_TRACK": "1",
}
# The managed server has the version that is locked here, and asks nobody for CSRF tokens.
_WITH_OWN = {
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
}


class PrefectLanes:
    """The runs of one sweep's lanes, below the flow run that we are in; see `LaneRuns`.

    `by_worker`: a Prefect worker on the host starts them, from the queue that bears its name.
    """

    def __init__(self, *, by_worker: bool = False) -> None:
        self._by_worker = by_worker
        self._deployment: UUID | None = None
        self._guard = threading.Lock()

    def create(self, order: LaneOrder) -> str:
        """A run for a lane. Raises ServerError where the server does not make one."""
        try:
            with get_client(sync_client=True) as client:
                return str(self._create(client, order))
        except Exception as error:  # Prefect's client raises what it likes
            raise ServerError(
                f"the flow run of the lane on {order.host} could not be made: {error}",
                hint="sweeptree server status",
            ) from error

    def end(self, run: str, how: LaneEnd, message: str) -> None:
        """End a run that its lane has not ended. Raises ServerError."""
        try:
            with get_client(sync_client=True) as client:
                _end(client, UUID(run), _ENDS[how](message=message))
        except Exception as error:
            raise ServerError(
                f"the flow run {run} could not be ended: {error}", hint="sweeptree server status"
            ) from error

    def _create(self, client: SyncPrefectClient, order: LaneOrder) -> UUID:
        made = client.create_flow_run_from_deployment(
            self._deployed(client),
            parameters={"order": order.model_dump(mode="json")},
            state=Scheduled() if self._by_worker else Pending(),
            name=f"{order.spec.exp_name} on {order.host}",
            tags=[TAG, FLOW, order.spec.exp_name, f"host:{order.host}"],
            parent_task_run_id=_stand_in(client, order),
            work_queue_name=order.host if self._by_worker else None,
        )
        return made.id

    def _deployed(self, client: SyncPrefectClient) -> UUID:
        with self._guard:  # the runs of all hosts are made at once
            if self._deployment is None:
                self._deployment = _standing(client) or _deploy(client)
            return self._deployment


def _standing(client: SyncPrefectClient) -> UUID | None:
    """The deployment of an earlier sweep, where it is as we would make it."""
    try:
        found = client.read_deployment_by_name(f"{FLOW}/{DEPLOYMENT}")
    except ObjectNotFound:
        return None
    made = (found.entrypoint, found.work_pool_name, found.tags, found.description)
    wanted = (ENTRYPOINT, POOL, [TAG], _DESCRIPTION)
    beside = (
        found.parameters,
        found.job_variables,
        found.schedules,
        found.global_concurrency_limit,
        found.paused,
        found.enforce_parameter_schema,
    )
    return found.id if made == wanted and not any(beside) else None


def _deploy(client: SyncPrefectClient) -> UUID:
    """The deployment by which a run finds its flow on any host: by the name of a module, so that
    no path of this machine has to be there."""
    pool = WorkPoolCreate(name=POOL, type="process", description=_DESCRIPTION)
    with contextlib.suppress(ObjectAlreadyExists):
        client.create_work_pool(pool)
    flow = client.create_flow_from_name(FLOW)
    return client.create_deployment(
        flow,
        DEPLOYMENT,
        entrypoint=ENTRYPOINT,
        work_pool_name=POOL,
        tags=[TAG],
        description=_DESCRIPTION,
        enforce_parameter_schema=False,
    )


def _stand_in(client: SyncPrefectClient, order: LaneOrder) -> UUID | None:
    """The task run that stands for a lane in the flow run that we are in; None outside of one."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    task = Task(fn=_nothing, name=f"lane on {order.host}")
    made = client.create_task_run(
        task=task, flow_run_id=context.flow_run.id, dynamic_key=str(uuid4()), state=Pending()
    )
    return made.id


def _nothing() -> None:
    """What a stand-in would do if it were run."""


def _end(client: SyncPrefectClient, run: UUID, state: State[Any]) -> None:
    found = client.read_flow_run(run).state
    if found is not None and found.is_final():
        return
    if state.type is StateType.CRASHED:
        crash_tasks(client, [run], state.message or "")
    client.set_flow_run_state(run, state, force=True)


def access_to_own(managed: server.Server) -> Access:
    """How hosts reach the managed server, and the leases that it serves."""
    private = server.access(managed)
    private.pop("PREFECT_API_URL")  # on a host it is where the tunnel ends
    auth = json.loads(private["PREFECT_CLIENT_CUSTOM_HEADERS"])["Authorization"]
    return Access(authorization=auth, environment={**_SETTINGS, **_WITH_OWN, **private})


def access_to_shared(authorization: str) -> Access:
    """How hosts reach the server that PREFECT_API_URL names, and with this header the leases
    beside the driver."""
    api = get_current_settings().api
    found = {"PREFECT_API_URL": str(api.url or "")}
    if api.auth_string is not None:
        found["PREFECT_API_AUTH_STRING"] = api.auth_string.get_secret_value()
    if api.key is not None:
        found["PREFECT_API_KEY"] = api.key.get_secret_value()
    return Access(authorization=authorization, environment={**_SETTINGS, **found})
