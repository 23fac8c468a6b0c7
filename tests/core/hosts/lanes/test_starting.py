"""Starting a lane on a host; the process itself: test_process."""

from __future__ import annotations

import pytest

from core.hosts.lanes.kit import Host
from sweeptree.errors import HostError
from sweeptree.hosts.lanes.start_facts import Access, LaneStart
from sweeptree.hosts.lanes.starting import await_lane, folder_of, look_at_lane, start_lane
from sweeptree.hosts.remote import Site


def test_what_a_worker_starts_is_only_made_ready(site: Site, unserved: Host) -> None:
    order = unserved.order("true")
    start = LaneStart(
        order=order,
        access=Access(authorization="Bearer x"),
        home=unserved.folder,
        port_file=unserved.folder / "tunnel",
        flow_run="a-run",
    )
    done = start_lane(site, start, spawn=False)
    assert (done.pid, done.flow_run, done.was_running) == (0, "a-run", False)
    assert not look_at_lane(site, order.sweep).is_alive


def test_a_lane_that_is_not_there_says_so(site: Site) -> None:
    with pytest.raises(HostError, match="ended before it could take a job") as caught:
        await_lane(site, "exp-1-2", seconds=5)
    assert "it said nothing" in caught.value.message
    assert folder_of(site, "exp-1-2") in caught.value.hint[-1]
