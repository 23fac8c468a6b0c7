"""What tests of several rooms need of a private server: its key, and clients that hold it."""

from __future__ import annotations

from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import (
    PREFECT_CLIENT_CUSTOM_HEADERS,
    get_current_settings,
    temporary_settings,
)

from sweeptree.engine.server import Server, authorization
from sweeptree.engine.server.token import auth_string


def key_of(server: Server) -> dict[str, str]:
    """The header that opens a server."""
    return {"Authorization": authorization(auth_string(server.home))}


def get(server: Server, path: str) -> httpx.Response:
    """GET below the server's API, with its key."""
    return httpx.get(f"{server.api_url}{path}", headers=key_of(server))


def post(server: Server, path: str, body: Any) -> httpx.Response:
    """POST below the server's API, with its key."""
    return httpx.post(f"{server.api_url}{path}", json=body, headers=key_of(server))


def client_of(server: Server) -> SyncPrefectClient:
    """Prefect's own client of a server, whatever this process talks to otherwise."""
    with temporary_settings(restore_defaults={PREFECT_CLIENT_CUSTOM_HEADERS}):
        return SyncPrefectClient(server.api_url, auth_string=auth_string(server.home))


def client_at(api_url: str) -> SyncPrefectClient:
    """Prefect's own client of the server that this process talks to."""
    secret = get_current_settings().api.auth_string
    return SyncPrefectClient(api_url, auth_string=secret.get_secret_value() if secret else None)
