"""The endpoint under a real uvicorn on loopback, in a thread of the test."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from sweeptree.hosts.leases.app import PREFIX, LeaseApp
from sweeptree.hosts.leases.client import DriverClient, LaneClient
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.system.listening import listen_on

SWEEP = "lr-11112222-33334444"
TOKEN = "t" * 43


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; fails when it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def somebody_waits(app: LeaseApp) -> bool:
    """Whether a call waits for news: then the last call is always now."""
    return app.last_call < app.last_call


@dataclass
class Place:
    """Where the endpoint listens now; what it said last."""

    database: Path
    port: int = 0
    give_up: threading.Event = field(default_factory=threading.Event)
    transports: list[Transport] = field(default_factory=list)

    @contextmanager
    def served(self, ttl: float = 20.0) -> Iterator[LeaseApp]:
        """Serve until the block ends, on another port each time."""
        app = LeaseApp(self.database, bearer(TOKEN), ttl)
        listener = listen_on(0)
        config = uvicorn.Config(
            app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=0
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        self.port = listener.getsockname()[1]
        try:
            yield app
        finally:
            for transport in self.transports:
                transport.close()
            server.should_exit = True
            thread.join()
            listener.close()

    def transport(self, token: str = TOKEN) -> Transport:
        transport = Transport(Endpoint(lambda: self.port, bearer(token)), self.give_up)
        self.transports.append(transport)
        return transport

    def driver(self) -> DriverClient:
        return DriverClient(self.transport(), SWEEP)

    def lane(self, name: str = "gpu1") -> LaneClient:
        return LaneClient(self.transport(), SWEEP, name)

    def post(
        self, call: str, body: object, *, method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of a plain request."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {"Authorization": bearer(TOKEN), **headers}
        try:
            connection.request(method, PREFIX + call, data, named)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
