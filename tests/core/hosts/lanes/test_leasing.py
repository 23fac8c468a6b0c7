"""The leases as a lane reaches them through its tunnel."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hosts.lanes.kit import Host
from core.hosts.leases.http_kit import TOKEN
from sweeptree.errors import ServerError
from sweeptree.hosts.lanes.leasing import leases_of
from sweeptree.hosts.lanes.start_facts import Access, LaneStart
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.values import Lane


def start_of(host: Host, port_file: Path) -> LaneStart:
    access = Access(authorization=bearer(TOKEN))
    order = host.order("true")
    return LaneStart(order=order, access=access, home=port_file.parent, port_file=port_file)


def test_it_goes_to_the_port_that_the_tunnel_has_now(host: Host, tmp_path: Path) -> None:
    port_file = tmp_path / "tunnel"
    host.offer([0])
    leases = leases_of(start_of(host, port_file))
    port_file.touch(mode=0o600)
    port_file.write_text(f"{host.place.port}\n")
    assert leases.calls.join(Lane("gpu1", "gpu1", "b", 1)) == ()
    assert [each.job for each in leases.calls.lease(1, 0, 0.0).leases] == [0]
    leases.hang_up()


def test_without_a_tunnel_a_call_ends_when_the_lane_gives_up(host: Host, tmp_path: Path) -> None:
    leases = leases_of(start_of(host, tmp_path / "no tunnel"))
    leases.give_up.set()
    with pytest.raises(ServerError, match="tunnel to the driver is down"):
        leases.calls.leave()
