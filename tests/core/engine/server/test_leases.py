"""Which requests are about leases, and that all others reach the application beside them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sweeptree.engine.server.config import ServerPaths
from sweeptree.engine.server.leases import with_leases
from sweeptree.engine.server.token import authorization

AUTH = "sweeptree:secret"


def ask(home: Path, kind: str, path: str) -> tuple[list[str], list[Any]]:
    """The paths that reached the application, and what was sent by the leases."""
    reached: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    key = (b"authorization", authorization(AUTH).encode())
    scope = {"type": kind, "method": "POST", "path": path, "headers": [key]}
    asyncio.run(with_leases(app, ServerPaths(home), AUTH)(scope, receive, send))
    return reached, sent


def test_a_call_is_answered_here(tmp_path: Path) -> None:
    reached, sent = ask(tmp_path, "http", "/sweeptree/leases/alive")
    assert (reached, sent[0]["status"]) == ([], 200)
    assert (tmp_path / "leases.db").is_file()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("http", "/"),
        ("http", "/api/flows/"),
        ("http", "/sweeptree/leasesx"),
        ("websocket", "/sweeptree/leases/alive"),
    ],
)
def test_all_else_is_passed_on(tmp_path: Path, kind: str, path: str) -> None:
    assert ask(tmp_path, kind, path) == ([path], [])
    assert not list(tmp_path.iterdir())
