"""Who may pass to the server: those with its token, and browsers that a ticket has let in.

Hides: that a browser never learns the token. A ticket, used once within two minutes, gives it a
cookie and a page key: the cookie alone shows only the empty UI, because browsers send it to every
port of the machine; the key alone is useless too, because only the UI's own pages can read it.
Both live in this process and end with it. No page reaches a WebSocket: Prefect's UI opens none.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from sweeptree.engine.server.token import authorization

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TICKET_PATH = "/sweeptree/ticket"
OPEN_PATH = "/sweeptree/open"
HEALTH_PATH = "/api/health"
LANDING = "/runs?hide-subflows=true"  # one line per sweep; the agents below it are on its page
TICKET_SECONDS = 120.0
MOST_SESSIONS = 50
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_LOOPBACK = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}")
_OWN_PAGES = ("same-origin", "none")  # none: typed by hand, or a bookmark


class Tickets:
    """Each lets one browser in, once, within two minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """A new ticket; those that have run out are forgotten."""
        now = self._clock()
        self._ends = {ticket: end for ticket, end in self._ends.items() if end > now}
        ticket = secrets.token_urlsafe(24)
        self._ends[ticket] = now + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> bool:
        """True the first time that a ticket is shown in time."""
        end = self._ends.pop(ticket, None)
        return end is not None and end > self._clock()


class Sessions:
    """Browsers that were let in: for each cookie the page key that goes with it."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, str] = OrderedDict()

    def begin(self) -> tuple[str, str]:
        """A cookie and a page key; beyond MOST_SESSIONS the oldest ones end."""
        cookie, key = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._keys[cookie] = key
        while len(self._keys) > MOST_SESSIONS:
            self._keys.popitem(last=False)
        return cookie, key

    def key_of(self, cookie: str) -> str | None:
        """The page key of a cookie; None where there is no such session."""
        return self._keys.get(cookie)


class Gate:
    """An ASGI application before another one: everything passes here first, HTTP and WebSocket."""

    def __init__(self, app: App, auth: str, port: int) -> None:
        self._app = app
        self._header = authorization(auth).encode()
        self._cookie = f"sweeptree-{port}"
        self._hosts = {f"{name}:{port}".encode() for name in _NAMES}
        self._origins = {b"http://" + host for host in self._hosts}
        self._tickets = Tickets()
        self._sessions = Sessions()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._trouble(scope) or not self._has_token(scope):
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        if trouble := self._trouble(scope):
            await _answer(send, 400, trouble)
        elif scope["path"] == OPEN_PATH:
            await self._open(scope, send)
        elif self._has_token(scope):
            await self._with_token(scope, receive, send)
        elif _is_health_check(scope):
            await self._app(scope, receive, send)
        elif self._is_page_of_ours(scope):
            await self._app(self._translated(scope), receive, send)
        else:
            await _answer(send, 401, _PRIVATE)

    def _trouble(self, scope: Message) -> str | None:
        """What is wrong with where a request says that it goes and comes from."""
        if not self._is_named_rightly(scope):
            return "This server answers only under the address of this machine's own loopback."
        if any(origin not in self._origins for origin in _values(scope, b"origin")):
            return "Pages of other origins may not use this server."
        return None

    def _is_named_rightly(self, scope: Message) -> bool:
        """Whether it is asked under its own name; with the token, under any port of a loopback:
        a tunnel from another machine has a port of its own, and no page has the token."""
        hosts = [host.lower() for host in _values(scope, b"host")]
        if len(hosts) != 1:
            return False
        return hosts[0] in self._hosts or (
            _LOOPBACK.fullmatch(hosts[0]) is not None and self._has_token(scope)
        )

    def _has_token(self, scope: Message) -> bool:
        return _is_one_of(_values(scope, b"authorization"), self._header)

    async def _with_token(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] != TICKET_PATH:
            await self._app(scope, receive, send)
        elif scope["method"] == "POST":
            await _answer(send, 200, self._tickets.issue())
        else:
            await _answer(send, 405, "POST makes a ticket.")

    async def _open(self, scope: Message, send: Send) -> None:
        """Let a browser in that shows a ticket."""
        words = parse_qs(scope["query_string"].decode("latin-1"))
        ticket = words.get("ticket", [""])[0]
        if scope["method"] != "GET" or not self._tickets.redeem(ticket):
            await _answer(send, 401, _SPENT)
            return
        cookie, key = self._sessions.begin()
        held = f"{self._cookie}={cookie}; Path=/; HttpOnly; SameSite=Strict"
        await _welcome(send, held, key)

    def _is_page_of_ours(self, scope: Message) -> bool:
        """Whether a browser that was let in asks; for the API only with its page key too."""
        key = self._sessions.key_of(self._cookie_of(scope))
        if key is None or not _came_from_our_pages(scope):
            return False
        if not scope["path"].startswith("/api"):
            return scope["method"] in ("GET", "HEAD")
        return _is_one_of(_values(scope, b"authorization"), authorization(key).encode())

    def _cookie_of(self, scope: Message) -> str:
        jar: SimpleCookie = SimpleCookie()
        for line in _values(scope, b"cookie"):
            try:
                jar.load(line.decode("latin-1"))
            except CookieError:
                continue
        found = jar.get(self._cookie)
        return found.value if found is not None else ""

    def _translated(self, scope: Message) -> Message:
        """The request as the application wants it: with the token in the place of the page key."""
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name not in (b"authorization", b"cookie")
        ]
        return {**scope, "headers": [*kept, (b"authorization", self._header)]}


def _values(scope: Message, name: bytes) -> list[bytes]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for key, value in headers if key == name]


def _is_one_of(values: Iterable[bytes], wanted: bytes) -> bool:
    return any(hmac.compare_digest(value, wanted) for value in values)


def _is_health_check(scope: Message) -> bool:
    return (scope["method"], scope["path"]) == ("GET", HEALTH_PATH)


def _came_from_our_pages(scope: Message) -> bool:
    """Whether the browser says so: a page on another port is of the same site, and not ours."""
    return all(value.decode("latin-1") in _OWN_PAGES for value in _values(scope, b"sec-fetch-site"))


_PRIVATE = "This Prefect server is private. Open it with:\n\n    sweeptree server open\n"
_SPENT = (
    "This address was used already, or is too old. Get a new one:\n\n    sweeptree server open\n"
)
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_CAUTIOUS = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


async def _answer(send: Send, status: int, text: str) -> None:
    await _send(send, status, [_PLAIN], text.encode())


async def _welcome(send: Send, cookie: str, key: str) -> None:
    """A page that leaves its key to Prefect's UI, where only pages of this origin can read it."""
    nonce = secrets.token_urlsafe(16)
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'"
    kept = authorization(key).removeprefix("Basic ")
    store = f'localStorage.setItem("prefect-password", {json.dumps(kept)})'
    script = f'{store}; location.replace("{LANDING}")'
    page = f'<!doctype html><title>Prefect</title><script nonce="{nonce}">{script}</script>'
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        (b"set-cookie", cookie.encode()),
    ]
    await _send(send, 200, headers, page.encode())


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, *_CAUTIOUS, length],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
