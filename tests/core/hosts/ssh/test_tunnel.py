"""A tunnel is up when the host has the port, and says why it is not."""

import pytest

from core.hosts.ssh_kit import FarSide
from sweeptree.errors import HostError
from sweeptree.hosts.ssh import Tunnel


def test_the_port_stands_in_the_file_while_the_tunnel_is_up(far: FarSide) -> None:
    file = far.home / "tunnel-1"
    with Tunnel(far.target, 4210, file=str(file)) as tunnel:
        assert tunnel.wait() == 4210 == tunnel.remote_port
        assert tunnel.is_up
        assert file.read_text() == "4210\n"


def test_why_there_is_none(far: FarSide) -> None:
    far.fail("Error: remote port forwarding failed for listen port 0\n")
    with (
        Tunnel(far.target, 4210, file=str(far.home / "tunnel-1")) as tunnel,
        pytest.raises(HostError) as caught,
    ):
        while tunnel.trouble is None:
            tunnel._closing.wait(0.01)
        tunnel.wait(0.0)
    assert caught.value.kind in ("unreachable", "forwarding", "lost")
    assert not tunnel.is_up
