"""How hosts reach the server that shows their lanes, and what is said where none answers.

With a real server: tests/engine/test_lanes.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_KEY,
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from sweeptree.engine.lanes import PrefectLanes, access_to_own, access_to_shared
from sweeptree.engine.server import Server
from sweeptree.engine.server.token import auth_string, make_token
from sweeptree.errors import ServerError
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.runs import LaneEnd
from sweeptree.hosts.leases.token import bearer
from sweeptree.model import SweepSpec

NOBODY = "http://127.0.0.1:1/api"
RUN = "11111111-1111-4111-8111-111111111111"
AWAY = {PREFECT_API_URL: NOBODY, PREFECT_CLIENT_MAX_RETRIES: 0}


@pytest.fixture
def order() -> LaneOrder:
    spec = SweepSpec(exp_name="exp", commands=("true",), results_dir=Path("/far/results"))
    return LaneOrder(sweep="exp-1-2", host="gpu1", spec=spec)


def test_a_managed_server_is_reached_by_the_tunnel_and_with_its_token(tmp_path: Path) -> None:
    make_token(tmp_path)
    managed = Server(NOBODY, "http://127.0.0.1:1", 1, 1, tmp_path, "3", 1)
    access = access_to_own(managed)
    assert "PREFECT_API_URL" not in access.environment
    assert access.environment["PREFECT_API_AUTH_STRING"] == auth_string(tmp_path)
    assert access.authorization in access.environment["PREFECT_CLIENT_CUSTOM_HEADERS"]
    assert access.environment["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"


def test_a_shared_server_is_reached_at_its_own_address_and_leases_beside_us() -> None:
    shared = "https://prefect.example.invalid/api"
    with temporary_settings({PREFECT_API_URL: shared, PREFECT_API_AUTH_STRING: "a:b"}):
        access = access_to_shared(bearer("t"))
    assert access.environment["PREFECT_API_URL"] == shared
    assert access.environment["PREFECT_API_AUTH_STRING"] == "a:b"
    assert access.authorization == bearer("t")


def test_a_key_goes_along_where_the_server_wants_one() -> None:
    with temporary_settings({PREFECT_API_URL: NOBODY, PREFECT_API_KEY: "pnu_1"}):
        assert access_to_shared(bearer("t")).environment["PREFECT_API_KEY"] == "pnu_1"


def test_where_no_server_answers_a_run_is_refused_with_the_next_command(order: LaneOrder) -> None:
    with temporary_settings(AWAY), pytest.raises(ServerError, match="lane on gpu1") as caught:
        PrefectLanes().create(order)
    assert caught.value.hint == ("sweeptree server status",)


def test_nor_can_one_be_ended_then() -> None:
    with temporary_settings(AWAY), pytest.raises(ServerError, match=RUN):
        PrefectLanes().end(RUN, LaneEnd.CRASHED, "gone")
