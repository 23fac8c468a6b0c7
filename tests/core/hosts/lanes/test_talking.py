"""The threads in which a lane talks; what they come to as a whole: test_lane, test_away."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from core.hosts.lanes.kit import Host
from core.hosts.leases.http_kit import wait_for
from sweeptree.hosts.lanes import talking
from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.leasing import Leases
from sweeptree.hosts.lanes.talking import Feeder, Talk
from sweeptree.hosts.leases.client import LaneClient
from sweeptree.hosts.leases.problems import NoSuchSweep
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.values import EventKind, Lane, Leased

LANE = Lane("gpu1", "gpu1", "boot", 2)
RUN: ContextVar[str] = ContextVar("RUN", default="none")


@pytest.fixture
def leases(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leases]:
    monkeypatch.setattr(talking, "BEAT", 0.05)
    monkeypatch.setattr(talking, "MAX_WAIT", 0.05)
    found = host.leases(host.order("true"))
    yield found
    found.give_up.set()
    found.hang_up()


def test_a_lane_that_was_forgotten_joins_again_with_what_it_holds(
    host: Host, leases: Leases
) -> None:
    host.offer([0])
    holdings = Holdings(2)
    talk = Talk(leases, holdings, LANE, host.engine.tell)
    talk.keep_on("feeder", Feeder(leases.calls, holdings, lambda: True).step)
    wait_for(lambda: holdings.named() == (Leased(0, 1),))
    assert host.events(EventKind.LANE_JOINED)
    talk.end(20)


def test_a_lane_that_leaves_does_not_join_again(host: Host, leases: Leases) -> None:
    host.offer([0])
    holdings, asked = Holdings(1), threading.Semaphore(0)
    talk = Talk(leases, holdings, LANE, host.engine.tell)
    talk.begin()
    talk.leave()
    feeder = Feeder(leases.calls, holdings, lambda: True)

    def ask() -> None:
        asked.release()
        feeder.step()

    talk.keep_on("feeder", ask)
    assert asked.acquire(timeout=20)
    assert asked.acquire(timeout=20)
    talk.end(20)
    assert len(host.events(EventKind.LANE_JOINED)) == 1


def test_what_goes_wrong_in_a_step_is_said_once_and_tried_again(host: Host, leases: Leases) -> None:
    tries: list[int] = []

    def fail_twice() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("for once")

    talk = Talk(leases, Holdings(2), LANE, host.engine.tell)
    talk.keep_on("steps", fail_twice, pause=0.01)
    wait_for(lambda: len(tries) > 3)
    talk.end(20)
    assert host.engine.said == ["ValueError: for once"]


def test_a_sweep_that_nobody_knows_is_said_once_and_nothing_more_is_leased(
    host: Host, leases: Leases
) -> None:
    holdings, tried = Holdings(2), threading.Semaphore(0)

    def unknown() -> None:
        tried.release()
        raise NoSuchSweep("no sweep is known here")

    talk = Talk(leases, holdings, LANE, host.engine.tell)
    talk.keep_on("steps", unknown)
    assert tried.acquire(timeout=20)
    assert tried.acquire(timeout=20)
    talk.end(20)
    assert (talk.is_known, holdings.has_more()) == (False, False)
    assert len(host.engine.said) == 1


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


def test_no_job_is_leased_while_the_disk_has_no_room(host: Host, leases: Leases) -> None:
    host.offer([0])
    holdings, looks, has_room = Holdings(2), threading.Semaphore(0), threading.Event()

    def look() -> bool:
        looks.release()
        return has_room.is_set()

    talk = Talk(leases, holdings, LANE, host.engine.tell)
    talk.begin()
    talk.keep_on("feeder", Feeder(leases.calls, holdings, look).step)
    assert all(looks.acquire(timeout=20) for _ in range(2))
    assert host.events(EventKind.LEASED) == []
    has_room.set()
    wait_for(lambda: holdings.named() == (Leased(0, 1),))
    talk.end(20)
