"""The lanes' flow runs: children of the sweep's, with the task runs of their jobs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from core.hosts.host_kit import make_site
from helpers import git
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.runtime import flow_run
from prefect.states import Cancelling
from sweep_kit import wait_for

from sweeptree.engine.lanes import FLOW, PrefectLanes, access_to_own
from sweeptree.engine.server import Server
from sweeptree.hosts.lanes.forwarder import Forwarder
from sweeptree.hosts.lanes.order import LaneOrder, lane_folder, spec_for_lane
from sweeptree.hosts.lanes.runs import LaneEnd
from sweeptree.hosts.lanes.start_facts import LaneStart
from sweeptree.hosts.lanes.starting import LaneProcess, await_lane, look_at_lane, start_lane
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import EventKind, Offer, Order
from sweeptree.model import SweepSpec

ENDS = (EventKind.FINISHED, EventKind.CANCELLED)


@dataclass
class Driver:
    """The driver's side of a sweep with one host, which is a folder of this machine."""

    server: Server
    site: Site
    order: LaneOrder
    leases: DriverClient

    def lead_to(self, port: int | None) -> Path:
        """Have the host's tunnel end at this port; None: there is no tunnel."""
        port_file = Path(self.site.host.home, "tunnel")
        port_file.unlink(missing_ok=True)
        if port is not None:
            port_file.touch(mode=0o600)
            port_file.write_text(f"{port}\n")
        return port_file

    def start(self, run: str, port: int | None = None) -> LaneProcess:
        home = Path(self.site.host.home)
        port_file = self.lead_to(port or self.server.port)
        start = LaneStart(
            order=self.order,
            access=access_to_own(self.server),
            home=home,
            port_file=port_file,
            flow_run=run,
        )
        return start_lane(self.site, start)

    def is_alive(self) -> bool:
        return look_at_lane(self.site, self.order.sweep).is_alive

    def ended(self) -> int:
        found = self.leases.collect(0, wait=0.0)
        return len([event for event in found if event.kind in ENDS])

    def log(self) -> str:
        return (self.order.folder / "lane.log").read_text()


@pytest.fixture
def driver(
    server: Server, repo: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Driver]:
    site = make_site(tmp_path / "far")
    home = Path(site.host.home)
    cache = home / "cache" / "project.git"
    cache.parent.mkdir(parents=True)
    git("clone", "-q", "--bare", repo, cache, cwd=repo)
    sweep = f"exp-11112222-{os.urandom(4).hex()}"
    commands = getattr(request, "param", ("python train.py 0", "exit 3"))
    spec = SweepSpec(exp_name=sweep[:22], commands=commands, parallel=2, min_free=0, grace=0.2)
    commit = git("rev-parse", "HEAD", cwd=repo)
    own = spec_for_lane(spec, cache=cache, commit=commit, folder=lane_folder(home, sweep))
    order = LaneOrder(sweep=sweep, host="gpu2", spec=own)
    endpoint = Endpoint(lambda: server.port, access_to_own(server).authorization)
    transport = Transport(endpoint)
    found = Driver(server, site, order, DriverClient(transport, sweep))
    found.leases.open(1)
    yield found
    found.leases.order(Order.KILL)
    wait_for(lambda: not found.is_alive())
    found.leases.close()
    transport.close()


def run_of(run: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(run))


def state_of(run: str) -> str:
    state = run_of(run).state
    return state.name if state is not None else ""


def tasks_of(run: str) -> dict[str, TaskRun]:
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run)]))
    with get_client(sync_client=True) as client:
        return {task.name: task for task in client.read_task_runs(flow_run_filter=chosen)}


def states_of_tasks(run: str) -> set[tuple[str, str]]:
    found = tasks_of(run)
    return {(name.rpartition(": ")[2], task.state_name or "") for name, task in found.items()}


def test_a_lane_is_a_child_of_the_sweeps_run_with_its_jobs_as_task_runs(driver: Driver) -> None:
    runs: list[str] = []

    @flow(name="the sweep")
    def parent() -> str:
        runs.append(PrefectLanes().create(driver.order))
        driver.leases.offer([Offer(0), Offer(1)])
        driver.start(runs[0])
        await_lane(driver.site, driver.order.sweep)
        wait_for(lambda: driver.ended() == 2)
        driver.leases.close()
        wait_for(lambda: not driver.is_alive())
        return str(flow_run.get_id())

    above = UUID(parent())
    run = run_of(runs[0])
    assert run.name == f"{driver.order.spec.exp_name} on gpu2"
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Completed", "1 failed, 1 succeeded")
    assert {"host:gpu2", "sweeptree", FLOW} <= set(run.tags)
    with get_client(sync_client=True) as client:
        below = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[above]))
        assert [child.id for child in client.read_flow_runs(flow_run_filter=below)] == [run.id]
    wanted = {("worktree", "Completed"), ("run", "Completed"), ("run", "Failed")}
    wait_for(lambda: states_of_tasks(runs[0]) == wanted)


@pytest.mark.parametrize("driver", [("sleep 300",)], indirect=True)
def test_a_lane_that_was_killed_is_ended_by_the_driver(driver: Driver) -> None:
    lanes = PrefectLanes()
    run = lanes.create(driver.order)
    driver.leases.offer([Offer(0)])
    process = driver.start(run)
    wait_for(lambda: ("run", "Running") in states_of_tasks(run))
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not driver.is_alive())
    assert state_of(run) == "Running"
    lanes.end(run, LaneEnd.CRASHED, "gpu2 was not heard for 20 s")
    assert state_of(run) == "Crashed"
    assert ("run", "Crashed") in states_of_tasks(run)
    lanes.end(run, LaneEnd.COMPLETED, "too late")
    assert state_of(run) == "Crashed"
    again = lanes.create(driver.order)
    driver.start(again)
    wait_for(lambda: ("run, taken over", "Running") in states_of_tasks(again))


@pytest.mark.parametrize("driver", [("sleep 300",)], indirect=True)
def test_a_lane_that_is_cancelled_in_the_ui_gives_its_jobs_back(driver: Driver) -> None:
    run = PrefectLanes().create(driver.order)
    driver.leases.offer([Offer(0)])
    driver.start(run)
    wait_for(lambda: ("run", "Running") in states_of_tasks(run))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(run), Cancelling())
    wait_for(lambda: not driver.is_alive())
    kinds = [event.kind for event in driver.leases.collect(0, wait=0.0)]
    assert EventKind.DUE_AGAIN in kinds
    assert EventKind.FINISHED not in kinds
    assert state_of(run) == "Cancelled"


@pytest.mark.parametrize("driver", [("true", "true", "true")], indirect=True)
def test_a_lane_goes_on_when_its_tunnel_comes_back_at_another_port(driver: Driver) -> None:
    """What it tells Prefect by its open socket arrives too."""
    run = PrefectLanes().create(driver.order)
    with Forwarder(lambda: driver.server.port) as first:
        driver.leases.offer([Offer(0)])
        driver.start(run, first.port)
        wait_for(lambda: driver.ended() == 1)
        wait_for(lambda: len(states_of_tasks(run)) == 2)
    driver.lead_to(None)
    driver.leases.offer([Offer(1), Offer(2)])
    with Forwarder(lambda: driver.server.port) as second:
        driver.lead_to(second.port)
        wait_for(lambda: driver.ended() == 3)
        driver.leases.close()
        wait_for(lambda: not driver.is_alive())
    assert state_of(run) == "Completed"
    wait_for(lambda: len(tasks_of(run)) == 6)
    assert {task.state_name for task in tasks_of(run).values()} == {"Completed"}
