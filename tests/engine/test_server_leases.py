"""The leases that the managed server serves beside Prefect."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from server_kit import get, key_of
from sweep_kit import wait_for

from sweeptree.engine.server import Server, StartPolicy, authorization, ensure, status, stop
from sweeptree.engine.server.token import auth_string
from sweeptree.hosts.leases.client import DriverClient, LaneClient
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.values import EventKind, Lane, Leased, Offer, Result

pytestmark = pytest.mark.engine


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    stop(tmp_path / "home")


def endpoint_of(server: Server) -> Endpoint:
    return Endpoint(lambda: server.port, authorization(auth_string(server.home)))


def test_prefects_server_has_them_for_who_has_the_token(server: Server) -> None:
    address = f"{server.ui_url}/sweeptree/leases/alive"
    assert httpx.post(address, json={}).status_code == 401
    assert httpx.post(address, json={}, headers=key_of(server)).json() == {"protocol": 1}
    assert get(server, "/health").json() is True


def test_a_job_goes_through_prefects_server(server: Server) -> None:
    with Transport(endpoint_of(server)) as transport:
        driver = DriverClient(transport, "through-1-2")
        lane = LaneClient(transport, "through-1-2", "gpu1")
        driver.open(1)
        driver.offer([Offer(1)])
        lane.join(Lane("gpu1", "gpu1", "b", 1))
        assert lane.lease(free=1).leases == (Leased(1, 1),)
        assert lane.finish(Result(1, 1, {"state": "succeeded"})).accepted
        assert driver.collect(0)[-1].kind is EventKind.FINISHED
        driver.close()


def test_a_server_that_was_killed_finds_the_leases_and_takes_the_late_result(
    home: Path, plain: str
) -> None:
    first = ensure(home, 0, StartPolicy(app=plain))
    with Transport(endpoint_of(first)) as transport:
        driver = DriverClient(transport, "killed-1-2")
        lane = LaneClient(transport, "killed-1-2", "gpu1")
        driver.open(1)
        driver.offer([Offer(1), Offer(2)])
        lane.join(Lane("gpu1", "gpu1", "b", 1))
        lane.lease(free=1)
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: status(home) is None)
        ensure(home, first.port, StartPolicy(app=plain, exact=True))
        assert lane.finish(Result(1, 1)).accepted
        assert lane.lease(free=1).leases == (Leased(2, 1),)
        kinds = [event.kind for event in driver.collect(0)]
    assert EventKind.DUE_AGAIN not in kinds
    assert kinds.count(EventKind.FINISHED) == 1
