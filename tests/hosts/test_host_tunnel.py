"""The reverse tunnel: a server of this machine, asked from the host."""

import http.server
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import HOME, Hosts, RigHost, wait_for

from sweeptree.errors import HostError
from sweeptree.hosts.ssh import Target, Tunnel

FILE = f"{HOME}/tunnel-here"
ASK = """
import sys, urllib.request
port = open(sys.argv[1]).read().strip()
print(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read().decode())
"""


class Hello(http.server.BaseHTTPRequestHandler):
    """Says hello."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def served() -> Iterator[int]:
    """The port of a server on 127.0.0.1 of this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def host(hosts: Hosts) -> RigHost:
    """One host."""
    return hosts(1)[0]


@pytest.fixture
def tunnel(host: RigHost, served: int) -> Iterator[Tunnel]:
    """A tunnel from the host to the server."""
    with Tunnel(_target(host), served, file=FILE) as tunnel:
        yield tunnel


def _target(host: RigHost) -> Target:
    return Target(host.name, host.name, config=host.rig.ssh_config)


def answers(host: RigHost) -> bool:
    """Whether a program on the host reaches the server by the port in the file."""
    done = host.inside("python3", "-c", ASK, FILE, check=False)
    return done.stdout.strip() == "hello"


def sshd_of(host: RigHost) -> list[int]:
    """The processes by which sshd serves connections."""
    names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in host.processes()}
    return [pid for pid, name in names.items() if b"@notty" in name]


def test_the_host_reaches_the_server_by_the_file(tunnel: Tunnel, host: RigHost) -> None:
    port = tunnel.wait()
    assert host.path(FILE).read_text() == f"{port}\n"
    assert host.path(FILE).stat().st_mode & 0o777 == 0o600
    assert answers(host)
    listening = host.inside("cat", "/proc/net/tcp").stdout
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_it_ends_with_its_block_and_takes_the_file_along(host: RigHost, served: int) -> None:
    with Tunnel(_target(host), served, file=FILE) as tunnel:
        tunnel.wait()
    wait_for(lambda: not host.path(FILE).exists(), "the file to go")
    wait_for(lambda: not sshd_of(host), "the end of the connection")


def test_it_comes_back_after_its_ssh_was_killed_with_the_same_port(
    tunnel: Tunnel, host: RigHost
) -> None:
    port = tunnel.wait()
    for pid in sshd_of(host):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not tunnel.is_up, "the end to be noticed")
    assert tunnel.wait() == port
    wait_for(lambda: answers(host), "the server")


def test_a_port_that_is_taken_meanwhile_is_in_nobodys_way(tunnel: Tunnel, host: RigHost) -> None:
    port = tunnel.wait()
    host.cut()
    wait_for(lambda: not tunnel.is_up, "the cut cable to be noticed", 60)
    wait_for(lambda: not sshd_of(host), "the host's end to be ended by the host", 60)
    hold = f"import socket,time; s=socket.create_server(('127.0.0.1',{port})); time.sleep(600)"
    host.inside("sh", "-c", f'setsid python3 -c "{hold}" >/dev/null 2>&1 &')
    host.mend()
    assert tunnel.wait(60) != port
    wait_for(lambda: answers(host), "the server")


def test_a_killed_host_has_its_tunnel_again_when_it_is_back(tunnel: Tunnel, host: RigHost) -> None:
    tunnel.wait()
    host.kill()
    wait_for(lambda: not tunnel.is_up, "the dead host to be noticed", 60)
    host.start()
    tunnel.wait(60)
    wait_for(lambda: answers(host), "the server")


def test_a_host_that_allows_no_tunnel(host: RigHost, served: int) -> None:
    host.kill()
    with (host.folder / "sshd_config").open("a") as config:
        config.write("AllowTcpForwarding no\n")
    host.start()
    tunnel = Tunnel(_target(host), served, file=FILE)
    with tunnel:
        wait_for(lambda: tunnel.trouble is not None, "the refusal")
        with pytest.raises(HostError, match="gpu1 allows no tunnel") as caught:
            tunnel.wait(0.1)
    assert "AllowTcpForwarding" in caught.value.hint[0]
