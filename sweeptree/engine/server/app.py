"""What the managed server serves: Prefect's own ASGI app, with quick answers where SQLite or a
limit says no.

Imports Prefect only when the app is made.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from sweeptree.engine.server import database
from sweeptree.engine.server.config import ServerPaths
from sweeptree.engine.server.gate import App, Message, Receive, Send
from sweeptree.system import loading

# Seconds that a client shall wait. 503: SQLite refused because somebody else had just committed, so
# the next try succeeds. 423: no slot is free. Prefect's own answers make a client wait for seconds,
# while a GPU stands idle.
_WAITS = {503: b"0.02", 423: b"0.05"}
_READS = ("GET", "HEAD", "OPTIONS")
_REPLAYS = 20
_LOOK_EVERY = timedelta(seconds=1)
_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class _Answer:
    messages: list[Message]
    error: Exception | None

    @property
    def status(self) -> int:
        return int(self.messages[0].get("status", 0)) if self.messages else 0


class QuickAnswers:
    """Requests that lost a race for the database are replayed, so that no client waits seconds to
    ask again.

    Prefect reads before it writes in one SQLite transaction: whoever commits in between makes it
    fail, and nothing is written. Its clients would repeat the request after two seconds. Requests
    about concurrency limits go one by one besides, and say when to come again: of 12 callers some
    lost 20 times in a row, more often than a client tries.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._one = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; only those that may write are treated."""
        if scope["type"] != "http" or scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if scope["method"] == "POST" and "/concurrency_limits/" in scope["path"]:
            answer = await self._ask_alone(scope, body, receive)
        else:
            answer = await self._ask(scope, body, receive)
        for message in answer.messages:
            await send(message)
        if answer.error is not None and answer.status != 503:
            raise answer.error  # for the log

    async def _ask_alone(self, scope: Message, body: Message, later: Receive) -> _Answer:
        """Ask while nobody else asks about limits, and say when to come again."""
        async with self._one:
            answer = await self._ask(scope, body, later)
        answer.messages[:1] = [_with_wait(message) for message in answer.messages[:1]]
        return answer

    async def _ask(self, scope: Message, body: Message, later: Receive) -> _Answer:
        for _ in range(_REPLAYS):
            answer = await _collect(self._app, scope, body, later)
            if answer.status != 503:
                break
            await asyncio.sleep(_PAUSE)
        return answer


async def _body(receive: Receive) -> Message:
    """The whole request body (JSON; logs are the longest, a megabyte at most) as one message."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return {"type": "http.request", "body": b"".join(parts), "more_body": False}


async def _collect(app: App, scope: Message, body: Message, later: Receive) -> _Answer:
    """Let `app` answer into our hands.

    It raises what went wrong also when it has answered: both are kept.
    """
    messages: list[Message] = []
    waiting = [body]

    async def receive() -> Message:
        return waiting.pop() if waiting else await later()

    async def send(message: Message) -> None:
        messages.append(message)

    try:
        await app({**scope}, receive, send)
    except Exception as error:
        return _Answer(messages, error)
    return _Answer(messages, None)


def _with_wait(message: Message) -> Message:
    wait = _WAITS.get(message.get("status", 0))
    if wait is None:
        return message
    kept = [pair for pair in message["headers"] if pair[0].lower() != b"retry-after"]
    return {**message, "headers": [*kept, (b"retry-after", wait)]}


def prefect_app() -> App:
    """Prefect's own app, with UI and services. The process stands in the server's home."""
    with loading.much_at_once(), database.made_beside(ServerPaths(Path()).database):
        from prefect.server.api.server import create_app

        _let_it_rest()
        return QuickAnswers(create_app(final=True))


def _let_it_rest() -> None:
    """Prefect's background tasks look for what is due each second instead of four times.

    That was a quarter of what an idle server costs, and Prefect has no setting for it. A task that
    is due at once wakes them.
    """
    from prefect.server.api import background_workers

    module = cast("Any", background_workers)
    looks = {"minimum_check_interval": _LOOK_EVERY, "scheduling_resolution": _LOOK_EVERY}
    module.Worker = functools.partial(module.Worker, **looks)
