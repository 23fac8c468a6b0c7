"""Requests that lost a race for the database are replayed; limits say when to come again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sweeptree.engine.server.app import QuickAnswers

INCREMENT = "/v2/concurrency_limits/increment-with-lease"


def ask(
    statuses: list[int], path: str = INCREMENT, method: str = "POST"
) -> tuple[int, dict[bytes, bytes], list[int]]:
    """What a client gets from QuickAnswers around an app that gives `statuses` in turn; and those
    left over."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"{}"
        status = statuses.pop(0)
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"retry-after", b"9")]}
        )
        await send({"type": "http.response.body", "body": b""})
        if status >= 500:
            raise RuntimeError("as Prefect's app does")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(QuickAnswers(app)({"type": "http", "method": method, "path": path}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), statuses


@pytest.mark.parametrize("path", [INCREMENT, "/api/flow_runs/"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_lost_race_in_the_database_is_replayed(path: str, method: str) -> None:
    assert ask([503, 503, 200], path, method) == (200, {b"retry-after": b"9"}, [])


def test_what_only_reads_keeps_prefects_answer() -> None:
    left = [503, 200]
    with pytest.raises(RuntimeError, match="as Prefect's app does"):
        ask(left, method="GET")
    assert left == [200]


def test_a_race_that_is_lost_again_and_again_says_come_back_at_once() -> None:
    status, headers, _ = ask([503] * 50)
    assert (status, headers) == (503, {b"retry-after": b"0.02"})


def test_a_taken_slot_says_come_back_soon() -> None:
    assert ask([423, 200]) == (423, {b"retry-after": b"0.05"}, [200])


def test_other_paths_keep_prefects_answer() -> None:
    assert ask([423], "/api/flow_runs/") == (423, {b"retry-after": b"9"}, [])
    assert ask([503] * 50, "/api/flow_runs/")[:2] == (503, {b"retry-after": b"9"})


def test_a_failure_of_the_app_still_reaches_the_log() -> None:
    with pytest.raises(RuntimeError, match="as Prefect's app does"):
        ask([500])
