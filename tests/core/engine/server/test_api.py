"""One question to a server: its key, its answers, and what is wrong with others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sweeptree.engine.server.api import ask, ask_json
from sweeptree.engine.server.config import Server
from sweeptree.engine.server.token import auth_string, authorization, make_token
from sweeptree.errors import ServerError


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = self.path == "/echo"
        found = b'{"key": "%s", "body": %s}' % (self.headers["Authorization"].encode(), body)
        self.send_response(201 if good else 500)
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    make_token(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as host:
        threading.Thread(target=host.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{host.server_port}"
        yield Server(f"{url}/api", url, 1, host.server_port, tmp_path, "3", 0)
        host.shutdown()


def test_a_question_carries_the_key_of_its_home(server: Server) -> None:
    found = ask_json(server, "POST", "/echo", {"limit": 1})
    key = authorization(auth_string(server.home))
    assert found == {"key": key, "body": {"limit": 1}}


def test_an_answer_that_is_not_good_is_an_error(server: Server) -> None:
    with pytest.raises(ServerError, match="answers /elsewhere with 500") as caught:
        ask(server, "POST", "/elsewhere", {})
    assert caught.value.hint[0] == "sweeptree server status"


def test_no_answer_is_an_error(tmp_path: Path) -> None:
    make_token(tmp_path)
    gone = Server("http://127.0.0.1:1/api", "http://127.0.0.1:1", 1, 1, tmp_path, "3", 0)
    with pytest.raises(ServerError, match="does not answer"):
        ask(gone, "GET", "/")
