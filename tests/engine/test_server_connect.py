"""Which server a command uses, and what it refuses before anything is changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sweeptree.engine.server import Server, StartPolicy, access, ensure, own_port, status, stop
from sweeptree.engine.server.profile import read_profiles, write_profile
from sweeptree.engine.server.token import auth_string, make_token, token_path
from sweeptree.errors import Refused

pytestmark = pytest.mark.engine

CONNECT = """
from sweeptree.engine.connect import connected
from sweeptree.errors import SweeptreeError
from sweeptree.settings import Settings
try:
    with connected(Settings()) as engine:
        print("connected", engine.api_url, engine.managed is not None)
except SweeptreeError as error:
    print(type(error).__name__, error.message, *error.hint)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    stop(folder)


@pytest.fixture
def foreign(tmp_path: Path, plain: str) -> Iterator[Server]:
    """A private server of somebody else."""
    server = ensure(tmp_path / "foreign", 0, StartPolicy(app=plain))
    yield server
    stop(server.home)


class Heard(ThreadingHTTPServer):
    """Answers everything as Prefect's health check does, and keeps the keys that it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.keys: list[str | None] = []


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Heard)
        self.server.keys.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def heard() -> Iterator[Heard]:
    with Heard() as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()


def connect(home: Path, **env: str) -> str:
    """What a command is told that wants a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    private = {"HOME": str(home.parent), "SWEEPTREE_HOME": str(home), "SWEEPTREE_SERVER_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", CONNECT],
        env={**kept, **private, **env},
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.stdout + done.stderr


def test_a_foreign_server_that_wants_a_key_is_refused_without_one(
    home: Path, foreign: Server
) -> None:
    told = connect(home, PREFECT_API_URL=foreign.api_url)
    assert told.startswith("Refused") and "wants a key" in told
    assert "PREFECT_API_AUTH_STRING" in told and "unset PREFECT_API_URL" in told
    assert not home.exists()


def test_a_foreign_server_is_used_with_its_key(home: Path, foreign: Server) -> None:
    told = connect(home, **access(foreign))
    assert told == f"connected {foreign.api_url} False\n"
    assert not home.exists()


def test_the_key_of_our_own_profile_is_not_told_to_others(
    home: Path, heard: Heard, tmp_path: Path
) -> None:
    home.mkdir()
    make_token(home)
    ours = Server("http://127.0.0.1:1/api", "http://127.0.0.1:1", 1, 1, home, "3", 1)
    write_profile(read_profiles(tmp_path / "profiles.toml"), ours, activate=True)
    url = f"http://127.0.0.1:{heard.server_port}/api"
    told = connect(home, PREFECT_API_URL=url, PREFECT_PROFILES_PATH=str(tmp_path / "profiles.toml"))
    assert told.startswith("connected")
    assert set(heard.keys) == {None}


def test_the_address_of_our_own_server_that_is_gone_starts_it_again(home: Path) -> None:
    first = ensure(home, 0)
    stop(home)
    told = connect(home, PREFECT_API_URL=first.api_url)
    assert f"connected {first.api_url} True" in told
    again = status(home)
    assert again is not None and again.port == first.port


def test_only_the_address_of_our_own_server_counts_as_ours(home: Path, plain: str) -> None:
    server = ensure(home, 0, StartPolicy(app=plain))
    stop(home)
    assert own_port(home, server.api_url) == server.port
    assert own_port(home, f"http://localhost:{server.port}/api") == server.port
    for other in ("http://127.0.0.1:1/api", f"http://evil:{server.port}/api", "http://[", "x"):
        assert own_port(home, other) is None


def test_a_program_that_took_our_port_gets_neither_our_place_nor_our_token(
    home: Path, heard: Heard, plain: str
) -> None:
    home.mkdir()
    make_token(home)
    known = auth_string(home)
    (home / "server.json").write_text(json.dumps({"port": heard.server_port}))
    server = ensure(home, 0, StartPolicy(app=plain))
    assert server.moved and server.port != heard.server_port
    assert auth_string(home) != known
    assert heard.keys == []


def test_a_token_that_others_can_read_is_refused_and_nothing_is_started(
    home: Path, plain: str
) -> None:
    home.mkdir()
    make_token(home)
    token_path(home).chmod(0o644)
    with pytest.raises(Refused, match="other accounts"):
        ensure(home, 0, StartPolicy(app=plain))
    assert status(home) is None
    assert not (home / "server.log").exists()


def test_a_server_whose_token_was_removed_is_replaced(home: Path, plain: str) -> None:
    first = ensure(home, 0, StartPolicy(app=plain))
    token_path(home).unlink()
    second = ensure(home, 0, StartPolicy(app=plain))
    assert (second.port, second.pid != first.pid) == (first.port, True)
