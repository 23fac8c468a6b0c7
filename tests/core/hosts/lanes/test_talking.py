"""The threads of a lane: what they have to tell is told where the lane's own run is known."""

from __future__ import annotations

import queue
import threading
from contextvars import ContextVar

from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.leasing import Leases
from sweeptree.hosts.lanes.talking import Talk
from sweeptree.hosts.leases.client import LaneClient
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.values import Lane

RUN: ContextVar[str] = ContextVar("RUN", default="none")


def test_steps_are_taken_in_the_run_of_their_caller() -> None:
    calls = LaneClient(Transport(Endpoint(lambda: 1, "")), "exp-11112222-33334444", "gpu1")
    leases = Leases(calls, threading.Event(), lambda: None)
    lane = Lane(id="gpu1", host="gpu1", boot="one", slots=1, gpu_memory=())
    talk = Talk(leases, Holdings(1), lane, lambda text: None)
    seen: queue.SimpleQueue[str] = queue.SimpleQueue()
    RUN.set("this one")
    talk.keep_on("step", lambda: seen.put(RUN.get()), pause=0.01)
    assert seen.get(timeout=60) == "this one"
    talk.end(60)
