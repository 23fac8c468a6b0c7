"""The endpoint: POST /sweeptree/leases/<call> with a JSON object, answered by one.

A plain ASGI application without Prefect and without a framework. It checks the token itself, so
that it is safe behind a gate and alone. The store works in one thread of its own: a slow disk
delays leases, and nothing else of the process.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sweeptree.hosts.leases.calls import CALLS, Act, Call
from sweeptree.hosts.leases.deadlines import TTL
from sweeptree.hosts.leases.problems import BadCall, LeaseError, NoToken
from sweeptree.hosts.leases.rows import SweepRow
from sweeptree.hosts.leases.store import Store
from sweeptree.hosts.leases.waiting import Bells, any_of
from sweeptree.hosts.leases.wire import MAX_BODY, Answer, Body, body_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
PREFIX = "/sweeptree/leases/"


class LeaseApp:
    """Serves the leases in the file `path` to those who send `authorization` as that header;
    each lasts `ttl` seconds after a heartbeat.

    The file is made at the first call. `last_call` says when somebody called last, by the
    monotonic clock; a caller that waits counts all the time.
    """

    def __init__(self, path: Path, authorization: str, ttl: float = TTL) -> None:
        self._path = path
        self._ttl = ttl
        self._header = authorization.encode()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leases")
        self._store: Store | None = None
        self._bells = Bells()
        self._waiting = 0
        self._timekeeper: asyncio.Task[None] | None = None
        self._last_call = time.monotonic()

    @property
    def last_call(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic() if self._waiting else self._last_call

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._last_call = time.monotonic()
        try:
            call = self._allowed(scope)
            body = body_of(await _read(receive))
            answer = await self._answer(call, body, receive)
            await _send(send, 200, answer)
        except LeaseError as error:
            refusal = {"error": error.kind, "why": error.message, "hint": list(error.hint)}
            await _send(send, error.status, refusal)

    def _allowed(self, scope: Message) -> Call:
        """The call that is asked for. Raises NoToken before anything is looked at."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        tokens = [value for name, value in headers if name == b"authorization"]
        if not any(hmac.compare_digest(token, self._header) for token in tokens):
            raise NoToken("leases are given to lanes and drivers with the token of their server")
        if scope["method"] != "POST":
            raise BadCall("POST asks for leases")
        name = str(scope["path"]).removeprefix(PREFIX)
        if name not in CALLS:
            raise BadCall(f"there is no call {name!r}; there are {', '.join(CALLS)}")
        return CALLS[name]

    async def _answer(self, call: Call, body: Body, receive: Receive) -> Answer:
        if call.is_empty is None or not body.wait:
            return await self._do(_bound(call.act, body))
        gone = asyncio.ensure_future(_until_gone(receive))
        self._begin_waiting()
        try:
            return await self._wait(call, body, gone)
        finally:
            self._waiting -= 1
            gone.cancel()

    async def _wait(self, call: Call, body: Body, gone: asyncio.Task[None]) -> Answer:
        """Ask until the answer says something, the time is over, or the caller is gone."""
        assert call.is_empty is not None
        end = time.monotonic() + body.wait
        act = call.act
        while True:
            bells = self._bells.of(body.sweep, call.news)
            answer = await self._do(_bound(act, body))
            left = end - time.monotonic()
            if not call.is_empty(answer, body) or left <= 0:
                return answer
            act = call.again or call.act
            if not await any_of(bells, gone, left):
                return answer

    def _begin_waiting(self) -> None:
        self._waiting += 1
        if self._timekeeper is None or self._timekeeper.done():
            self._timekeeper = asyncio.ensure_future(self._keep_time())

    async def _keep_time(self) -> None:
        """End what runs out while somebody waits; who does not wait looks by himself."""
        while self._waiting:
            try:
                await asyncio.sleep(await self._do(Store.seconds_left) + 0.01)
                await self._do(Store.tick)
            except LeaseError:  # whoever calls next is told
                await asyncio.sleep(1)

    async def _do(self, act: Callable[[Store], T]) -> T:
        loop = asyncio.get_running_loop()
        answer, touched = await loop.run_in_executor(self._thread, self._with_store, act)
        for sweep, row in touched.items():
            self._bells.ring(sweep, row)
        return answer

    def _with_store(self, act: Callable[[Store], T]) -> tuple[T, dict[str, SweepRow]]:
        if self._store is None:
            self._store = Store(self._path, ttl=self._ttl)
        answer = act(self._store)
        return answer, self._store.take_touched()


def _bound(act: Act, body: Body) -> Callable[[Store], Answer]:
    return lambda store: act(store, body)


async def _read(receive: Receive) -> bytes:
    """The whole body. Raises BadCall for one that is too large, before it is all here."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise BadCall(f"the body is larger than {MAX_BODY} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, answer: Answer) -> None:
    data = json.dumps(answer, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(data)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
