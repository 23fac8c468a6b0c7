"""Lanes that nobody shows."""

from core.hosts.lanes.kit import Host
from sweeptree.hosts.lanes.runs import LaneEnd, Unshown


def test_without_an_engine_there_is_no_run(unserved: Host) -> None:
    assert Unshown().create(unserved.order("true")) is None
    Unshown().end("none", LaneEnd.CRASHED, "gone")
