"""A Prefect worker on a host, for a server that people share: here a plain one with a password."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rig import Hosts, Rig, RigHost, wait_for
from test_setting_up import call, document, fetched, state

__all__ = ["fetched", "state"]  # fixtures
POOL = "sweeptree-hosts"
SECRET = "s3cr3t-of-the-lab"


@pytest.fixture
def shared(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that hosts reach; this process' environment names it."""
    url = f"http://{rig.here}:{free_port(rig.here)}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", f"admin:{SECRET}")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    port = url.rpartition(":")[2].removesuffix("/api")
    argv = ["-m", "prefect", "server", "start", "--no-ui", "--host", rig.here, "--port", port]
    variables = {**os.environ, "PREFECT_SERVER_API_AUTH_STRING": f"admin:{SECRET}"}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *argv], env=variables, stdout=log, stderr=log)
    wait_for(lambda: is_healthy(url), "the shared server", 120)
    yield url
    process.terminate()
    process.wait()


def free_port(address: str) -> int:
    """A port that nobody has now."""
    with socket.create_server((address, 0)) as listener:
        return listener.getsockname()[1]


def is_healthy(url: str) -> bool:
    """Whether the server answers."""
    try:
        return httpx.get(f"{url}/health", auth=("admin", SECRET)).status_code == 200
    except httpx.TransportError:
        return False


def workers(url: str) -> list[str]:
    """The names of the workers that the server has heard lately."""
    path = f"{url}/work_pools/{POOL}/workers/filter"
    answer = httpx.post(path, json={}, auth=("admin", SECRET))
    found = answer.json() if answer.status_code == 200 else []
    return [each["name"] for each in found if each["status"] == "ONLINE"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_serves_the_shared_server_until_its_host_is_removed(
    hosts: Hosts, shared: str
) -> None:
    (host,) = hosts(1)
    added = call("add", "gpu1", "--worker")
    assert added.returncode == 0, added.stderr
    wait_for(lambda: workers(shared) == ["gpu1"], "the worker", 90)
    assert document("list")["worker"] == POOL
    assert SECRET not in told_to_everybody(host)

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
