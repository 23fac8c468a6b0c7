"""Asking the endpoint by HTTP with the standard library, also when it is away for a while.

Hides kept connections, repeats under one request id, and that the port behind a tunnel changes:
`where` is asked again for each new connection.
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweeptree.errors import ServerError
from sweeptree.hosts.leases.app import PREFIX
from sweeptree.hosts.leases.problems import LeaseError, Unusable, problem

HOST = "127.0.0.1"
ANSWER_SECONDS = 15.0  # that an answer may take beyond what it was asked to wait
LONGEST_PAUSE = 2.0  # seconds between tries: well below the grace after the server was away
_AWAY = (OSError, ValueError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to reach it: `where` gives the port on 127.0.0.1, `authorization` the header.

    `where` may raise OSError or ValueError while it does not know.
    """

    where: Callable[[], int]
    authorization: str

    def __repr__(self) -> str:
        """Without the token."""
        return "Endpoint(...)"


def new_request() -> str:
    """An id for a call, the same for all its repeats."""
    return secrets.token_hex(16)


class Transport:
    """Calls that are repeated until they are answered, or until `give_up` is set.

    A context manager, for any number of threads: connections are kept until its end. A call that
    goes on then is the last one of its thread.
    """

    def __init__(self, endpoint: Endpoint, give_up: threading.Event | None = None) -> None:
        self._endpoint = endpoint
        self._give_up = give_up or threading.Event()
        self._idle: deque[http.client.HTTPConnection] = deque()

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        self._give_up.set()
        self.close()

    def call(self, name: str, fields: dict[str, Any], wait: float = 0.0) -> dict[str, Any]:
        """The answer to a call. Raises LeaseError for a refusal, ServerError when told to give
        up while nothing answers."""
        data = json.dumps({**fields, "wait": wait} if wait else fields).encode()
        pauses = _Pauses()
        while True:
            try:
                return self._try(name, data, wait)
            except (*_AWAY, Unusable) as error:
                if self._give_up.wait(next(pauses)):
                    raise _away(error) from error

    def call_once(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The same without patience. Raises ServerError when nothing answers."""
        try:
            return self._try(name, json.dumps(fields).encode(), 0.0)
        except _AWAY as error:
            raise _away(error) from error

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        while self._idle:
            self._idle.pop().close()

    def _try(self, name: str, data: bytes, wait: float) -> dict[str, Any]:
        connection = self._connection(wait + ANSWER_SECONDS)
        try:
            status, text = self._exchange(connection, name, data)
        except BaseException:
            connection.close()
            # kept as long as this one, the others have most likely ended with it
            self.close()
            raise
        self._idle.append(connection)
        if self._give_up.is_set():
            self.close()
        return _read(status, text)

    def _exchange(
        self, connection: http.client.HTTPConnection, name: str, data: bytes
    ) -> tuple[int, bytes]:
        headers = {
            "Authorization": self._endpoint.authorization,
            "Content-Type": "application/json",
        }
        connection.request("POST", PREFIX + name, data, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        try:
            kept = self._idle.pop()
        except IndexError:
            port = self._endpoint.where()
            return http.client.HTTPConnection(HOST, port, timeout=seconds)
        if kept.sock is not None:
            kept.sock.settimeout(seconds)
        return kept


class _Pauses:
    """Ever longer pauses, up to LONGEST_PAUSE; the first repeat comes at once."""

    def __init__(self) -> None:
        self._next = 0.0

    def __next__(self) -> float:
        pause = self._next
        self._next = min(max(2 * pause, 0.05), LONGEST_PAUSE)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the load, guards nothing


def _read(status: int, text: bytes) -> dict[str, Any]:
    """A good answer. Raises LeaseError for a refusal, ValueError for what is none of ours."""
    if status == http.client.UNAUTHORIZED:
        raise problem("token", "the server does not take this token", _NEW_TOKEN)
    answer = json.loads(text)
    if not isinstance(answer, dict):
        raise ValueError("the answer is no JSON object")
    if status == http.client.OK:
        return answer
    if "error" not in answer:
        raise ValueError(f"it answers with {status}")
    raise problem(str(answer["error"]), str(answer.get("why")), answer.get("hint", ()))


def _away(error: Exception) -> LeaseError | ServerError:
    if isinstance(error, LeaseError):
        return error
    return ServerError(
        f"the server of the leases does not answer: {error}", hint="sweeptree server status"
    )


_NEW_TOKEN = ("sweeptree hosts check",)
