"""The test forge as a web server: /OWNER/REPO.git by git itself, /api/v3 by routes.py,
/api/graphql by graphql.py."""

import base64
import contextlib
import gzip
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from forge.graphql import graphql, operation_name
from forge.hub import Answer, Fault, Hub, Request
from forge.routes import answer

API = "/api/v3"
GRAPHQL = "/api/graphql"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = self._body()
        if parts.path == GRAPHQL:
            self._graphql(body)
        elif parts.path.startswith(API):
            self._rest(parts.path.removeprefix(API), parts.query, body)
        else:
            self._git(unquote(parts.path), parts.query, body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            data = b"".join(chunks)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def _rest(self, path: str, query: str, raw: bytes) -> None:
        hub = self.server.hub
        request = Request(self.command, unquote(path), query, json.loads(raw) if raw else None)
        with hub.lock:
            hub.log.append(request)
            fault = _fault(hub, request)
            if fault and not fault.after:
                return self._fail(fault)
            if self.headers.get("Authorization") != f"token {hub.token}":
                return self._send(Answer(401, {"message": "Bad credentials"}))
            given = _checked(hub, request, path)
            return self._fail(fault) if fault else self._send(given)

    def _graphql(self, raw: bytes) -> None:
        hub, body = self.server.hub, json.loads(raw)
        request = Request(self.command, f"graphql {operation_name(body['query'])}", "", body)
        with hub.lock:
            hub.log.append(request)
            fault = _fault(hub, request)
            if fault and not fault.after:
                return self._fail(fault)
            if self.headers.get("Authorization") != f"token {hub.token}":
                return self._send(Answer(401, {"message": "Bad credentials"}))
            given = graphql(hub, body["query"], body["variables"])
            return self._fail(fault) if fault else self._send(given)

    def _fail(self, fault: Fault) -> None:
        if fault.status == "drop":
            self.close_connection = True
            self.connection.close()
            return
        assert isinstance(fault.status, int)
        self._send(Answer(fault.status, {"message": fault.message}, fault.headers))

    def _send(self, given: Answer) -> None:
        data = json.dumps(given.data).encode()
        self.send_response(given.status)
        for name, value in {
            "Content-Type": "application/json; charset=utf-8",
            **given.headers,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def _git(self, path: str, query: str, body: bytes) -> None:
        hub = self.server.hub
        request = Request(self.command, path, query, None, is_git=True)
        with hub.lock:
            hub.log.append(request)
            hub.refresh()
            fault = _fault(hub, request)
        if fault and not fault.after:
            return self._fail(fault)
        if not self._may_use_git():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        head, _, data = self._backend(path, query, body).partition(b"\r\n\r\n")
        return self._fail(fault) if fault else self._relay(head, data)

    def _may_use_git(self) -> bool:
        wanted = base64.b64encode(f"x-access-token:{self.server.hub.token}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {wanted}"

    def _backend(self, path: str, query: str, body: bytes) -> bytes:
        env = os.environ | {
            "GIT_PROJECT_ROOT": str(self.server.hub.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "ada",
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        return subprocess.run(
            ("git", "http-backend"), input=body, env=env, capture_output=True
        ).stdout

    def _relay(self, head: bytes, data: bytes) -> None:
        headers = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if b": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.send_response(status)
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _fault(hub: Hub, request: Request) -> Fault | None:
    for fault in hub.faults:
        if fault.times and fault.verb == request.verb and re.search(fault.path, request.path):
            fault.times -= 1
            return fault
    return None


def _checked(hub: Hub, request: Request, raw_path: str) -> Answer:
    """The answer, with both sides held against GitHub's description."""
    name = hub.api.operation(request.verb, unquote(raw_path))
    if name is None:
        hub.errors.append(f"{request.verb} {raw_path} is no request of GitHub's")
        return Answer(404, {"message": "Not Found"})
    hub.errors += [
        f"{request}: {error}" for error in hub.api.request_errors(name, request.query, request.body)
    ]
    given = answer(hub, request)
    hub.errors += [
        f"answer to {request}: {e}" for e in hub.api.response_errors(name, given.status, given.data)
    ]
    return given


@contextlib.contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve a hub on a port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub = hub
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
