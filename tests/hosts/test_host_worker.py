"""A Prefect worker on a host, for a server that is shared: here the managed one, behind a relay."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from rig import Hosts, Rig, RigHost, wait_for
from server_kit import key_of, post
from test_setting_up import call, document, fetched, state

from sweeptree.engine.server import Server, ensure, stop
from sweeptree.engine.server.token import auth_string

__all__ = ["fetched", "state"]  # fixtures
POOL = "sweeptree-hosts"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that belongs to nobody on the hosts."""
    home = tmp_path / "server"
    home.mkdir(mode=0o700)
    yield ensure(home, 0)
    stop(home)


@pytest.fixture
def shared(rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server's address as hosts reach it, in this process' environment."""
    with closing(socket.create_server((rig.here, 0))) as listener:
        threading.Thread(target=relay, args=(listener, server.port), daemon=True).start()
        url = f"http://{rig.here}:{listener.getsockname()[1]}/api"
        monkeypatch.setenv("PREFECT_API_URL", url)
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", auth_string(server.home))
        yield url
        listener.shutdown(socket.SHUT_RDWR)


def relay(listener: socket.socket, port: int) -> None:
    """Pass every connection on to the server's port."""
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=pump, args=(one, other), daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, until it ends."""
    with closing(source), closing(target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            return


def workers(server: Server) -> list[str]:
    """The names of the workers that the server has heard lately."""
    answer: httpx.Response = post(server, f"/work_pools/{POOL}/workers/filter", {})
    found = answer.json() if answer.status_code == 200 else []
    return [each["name"] for each in found if each["status"] == "ONLINE"]


def test_a_worker_serves_the_shared_server_until_its_host_is_removed(
    hosts: Hosts, shared: str, server: Server
) -> None:
    (host,) = hosts(1)
    added = call("add", "gpu1", "--worker")
    assert added.returncode == 0, added.stderr
    wait_for(lambda: workers(server) == ["gpu1"], "the worker", 90)
    assert document("list")["worker"] == POOL
    assert key_of(server)["Authorization"] not in told_to_everybody(host)
    assert auth_string(server.home) not in told_to_everybody(host)

    assert call("remove", "gpu1").returncode == 0
    running = host.inside("ps", "-e", "-o", "args").stdout
    assert "worker start" not in running


def told_to_everybody(host: RigHost) -> str:
    """What any account of the host may read: commands and files with open modes."""
    commands = host.inside("ps", "-e", "-o", "args").stdout
    assert "worker start" in commands
    files = subprocess.run(
        ["find", host.home, "-maxdepth", "2", "-type", "f", "-perm", "/077"],
        capture_output=True,
        text=True,
        check=True,
    )
    texts = [Path(name).read_text(errors="replace") for name in files.stdout.splitlines()]
    return os.linesep.join([commands, *texts])
