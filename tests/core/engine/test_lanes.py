"""How hosts reach a server; the flow runs of lanes: tests/engine/test_lanes.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings

from sweeptree.engine import server
from sweeptree.engine.lanes import access_to_own, access_to_shared
from sweeptree.engine.server.token import auth_string, authorization, make_token


@pytest.fixture
def managed(tmp_path: Path) -> server.Server:
    make_token(tmp_path)
    address = "http://127.0.0.1:4299"
    return server.Server(f"{address}/api", address, 1, 4299, tmp_path, "1", 4299)


def test_the_managed_server_is_where_the_tunnel_ends(managed: server.Server) -> None:
    access = access_to_own(managed)
    auth = auth_string(managed.home)
    assert access.authorization == authorization(auth)
    assert access.environment["PREFECT_API_AUTH_STRING"] == auth
    assert "PREFECT_API_URL" not in access.environment


def test_a_shared_server_has_its_own_address_and_key() -> None:
    with temporary_settings({PREFECT_API_URL: "https://p.example/api", PREFECT_API_KEY: "k"}):
        access = access_to_shared("Bearer t")
    assert access.authorization == "Bearer t"
    assert access.environment["PREFECT_API_URL"] == "https://p.example/api"
    assert access.environment["PREFECT_API_KEY"] == "k"
