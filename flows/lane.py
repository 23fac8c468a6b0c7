"""The flow of one host's share of a sweep: a child of the sweep's flow run for each host."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sweeptree.engine.agent_runs import state_of
from sweeptree.engine.sweep_engine import lane_engine_here, named_briefly
from sweeptree.hosts.lanes.lane import run_lane
from sweeptree.hosts.lanes.leasing import leases_of
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.start_facts import read_start
from sweeptree.tasks import stages


@flow(
    name="sweep-lane", flow_run_name="{order.spec.exp_name} on {order.host}", persist_result=False
)
def sweep_lane(order: LaneOrder) -> State[Any]:
    """Run one host's share of a sweep: jobs leased one by one, each in a worktree on a GPU slot.

    Started by `sweeptree run --hosts`, never by hand. The run fails only when results could not be
    told; how the jobs ended is the sweep's to say.
    """
    start = read_start(order.folder)
    engine = lane_engine_here(stages.ALL)
    with named_briefly():
        report = run_lane(order, leases_of(start), engine)
    ended = state_of(report)
    # without the report: Prefect would show a complaint about it in place of the reason
    return State(type=ended.type, name=ended.name, message=ended.message)
