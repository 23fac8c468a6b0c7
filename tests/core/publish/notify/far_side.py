"""The far side of a message: a web server that takes what apprise's json:// sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FarSide:
    """Where it listens, and the documents that it got."""

    url: str
    got: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def far_side(status: int = 200) -> Iterator[FarSide]:
    """A far side that answers with this status."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    side = FarSide(f"json://user:hunter2hunter2@127.0.0.1:{server.server_port}/hook-secret")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            side.got.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield side
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
