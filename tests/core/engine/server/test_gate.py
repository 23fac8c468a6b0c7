"""Who passes the gate, by what a request says; the application behind it tells what reached it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from sweeptree.engine.server.gate import (
    MOST_SESSIONS,
    OPEN_PATH,
    TICKET_PATH,
    TICKET_SECONDS,
    Gate,
    Sessions,
    Tickets,
)
from sweeptree.engine.server.token import authorization

AUTH = "sweeptree:secret"
KEY = ("authorization", authorization(AUTH))
HERE = ("host", "127.0.0.1:4210")


class Behind:
    """The application behind a gate; keeps what reached it."""

    def __init__(self) -> None:
        self.reached: list[Any] = []
        self.gate = Gate(self, AUTH, 4210)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    def ask(self, method: str, path: str, *headers: tuple[str, str]) -> tuple[int, str, str]:
        """Status, body and headers of an answer."""
        sent = self._send("http", method, path, headers)
        return sent[0]["status"], sent[1]["body"].decode(), str(sent[0]["headers"])

    def connect(self, *headers: tuple[str, str]) -> list[Any]:
        """What a WebSocket is told by the gate itself."""
        return self._send("websocket", "GET", "/api/events/in", headers)

    def _send(self, kind: str, method: str, path: str, headers: Any) -> list[Any]:
        sent: list[Any] = []
        path, _, query = path.partition("?")
        lines = [(name.encode(), value.encode()) for name, value in headers]
        scope = {"type": kind, "method": method, "path": path, "headers": lines}

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        asyncio.run(self.gate({**scope, "query_string": query.encode()}, receive, send))
        return sent

    def let_in(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The cookie and the page key of a browser that showed a ticket."""
        ticket = self.ask("POST", TICKET_PATH, HERE, KEY)[1]
        _, page, headers = self.ask("GET", f"{OPEN_PATH}?ticket={ticket}", HERE)
        cookie = re.search(r"sweeptree-4210=[\w-]+", headers)
        key = re.search(r'"prefect-password", "([^"]+)"', page)
        assert cookie and key
        return ("cookie", cookie[0]), ("authorization", f"Basic {key[1]}")


@pytest.fixture
def behind() -> Behind:
    return Behind()


def test_who_has_the_token_passes(behind: Behind) -> None:
    assert behind.ask("POST", "/api/flows/", HERE, KEY)[0] == 299


@pytest.mark.parametrize("path", ["/", "/api/flows/", "/ui-settings", TICKET_PATH, OPEN_PATH])
def test_who_has_nothing_gets_401(behind: Behind, path: str) -> None:
    assert behind.ask("GET", path, HERE)[0] == 401
    assert behind.reached == []


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_health_may_be_asked_and_only_asked(behind: Behind, method: str) -> None:
    assert behind.ask("GET", "/api/health", HERE)[0] == 299
    assert behind.ask(method, "/api/health", HERE)[0] == 401
    assert behind.ask("GET", "/api/health/", HERE)[0] == 401


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [HERE, HERE],
        [("host", "evil.example:4210")],
        [("host", "127.0.0.1")],
        [("host", "127.0.0.1:4211@evil.example")],
        [HERE, ("origin", "http://evil.example")],
        [HERE, ("origin", "https://127.0.0.1:4210")],
        [HERE, ("origin", "null")],
    ],
)
def test_a_wrong_host_or_origin_is_refused_with_the_token_too(behind: Behind, wrong: Any) -> None:
    assert behind.ask("GET", "/api/flows/", KEY, *wrong)[0] == 400
    assert behind.connect(KEY, *wrong)[0]["type"] == "websocket.close"
    assert behind.reached == []


def test_with_the_token_one_may_come_through_a_tunnel_with_a_port_of_its_own(
    behind: Behind,
) -> None:
    tunnel = ("host", "127.0.0.1:40123")
    assert behind.ask("GET", "/api/flows/", tunnel, KEY)[0] == 299
    assert behind.ask("GET", "/api/health", tunnel)[0] == 400
    assert behind.ask("GET", "/api/flows/", tunnel, *behind.let_in())[0] == 400


def test_a_socket_passes_with_the_token_alone(behind: Behind) -> None:
    assert behind.connect(HERE)[0]["type"] == "websocket.close"
    assert behind.connect(HERE, *behind.let_in())[0]["type"] == "websocket.close"
    assert behind.connect(HERE, KEY) == []
    assert len(behind.reached) == 1


def test_a_browser_that_was_let_in_is_translated(behind: Behind) -> None:
    cookie, key = behind.let_in()
    assert behind.ask("POST", "/api/flows/", HERE, cookie, key)[0] == 299
    headers = dict(behind.reached[0]["headers"])
    assert headers[b"authorization"] == KEY[1].encode() and b"cookie" not in headers


def test_its_cookie_alone_shows_only_the_empty_ui(behind: Behind) -> None:
    cookie, key = behind.let_in()
    assert behind.ask("GET", "/dashboard", HERE, cookie)[0] == 299
    assert behind.ask("POST", "/dashboard", HERE, cookie)[0] == 401
    assert behind.ask("GET", "/api/flows/", HERE, cookie)[0] == 401
    assert behind.ask("GET", "/api/flows/", HERE, key)[0] == 401


def test_pages_of_another_port_do_not_count_as_ours(behind: Behind) -> None:
    both = behind.let_in()
    for site, status in (("same-origin", 299), ("none", 299), ("same-site", 401)):
        asked = behind.ask("GET", "/api/flows/", HERE, ("sec-fetch-site", site), *both)
        assert asked[0] == status


def test_a_ticket_lets_in_once(behind: Behind) -> None:
    ticket = behind.ask("POST", TICKET_PATH, HERE, KEY)[1]
    first = behind.ask("GET", f"{OPEN_PATH}?ticket={ticket}", HERE)
    assert first[0] == 200 and "HttpOnly; SameSite=Strict" in first[2] and "no-store" in first[2]
    assert behind.ask("GET", f"{OPEN_PATH}?ticket={ticket}", HERE)[0] == 401


def test_a_page_never_holds_the_token(behind: Behind) -> None:
    ticket = behind.ask("POST", TICKET_PATH, HERE, KEY)[1]
    answer = behind.ask("GET", f"{OPEN_PATH}?ticket={ticket}", HERE)
    assert "secret" not in str(answer) and authorization(AUTH)[6:] not in str(answer)


def test_a_ticket_is_good_for_two_minutes() -> None:
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    early, late = tickets.issue(), tickets.issue()
    now[0] = TICKET_SECONDS - 1
    assert tickets.redeem(early)
    now[0] = TICKET_SECONDS
    assert not tickets.redeem(late)


def test_the_oldest_session_ends_when_there_are_too_many() -> None:
    sessions = Sessions()
    first, _ = sessions.begin()
    others = [sessions.begin() for _ in range(MOST_SESSIONS)]
    assert sessions.key_of(first) is None
    assert all(sessions.key_of(cookie) == key for cookie, key in others)
