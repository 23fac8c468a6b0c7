"""Calls that are repeated until they are answered."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import SWEEP, TOKEN, Place, somebody_waits, wait_for
from sweeptree.errors import ServerError
from sweeptree.hosts.leases.client import DriverClient
from sweeptree.hosts.leases.problems import BadCall, NoSuchSweep, NoToken
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.values import EventKind, Lane, Offer, Result


def test_a_call_outlives_the_server_and_finds_it_at_its_new_port(tmp_path: Path) -> None:
    place = Place(tmp_path / "leases.db")
    lane = place.lane()
    with place.served():
        driver = place.driver()
        driver.open(1)
        driver.offer([Offer(1)])
        lane.join(Lane("gpu1", "gpu1", "b", 1))
        lane.lease(free=1)
    answers: list[bool] = []
    thread = threading.Thread(
        target=lambda: answers.append(lane.finish(Result(1, 1, {"loss": 1})).accepted)
    )
    thread.start()
    with place.served():
        thread.join(60)
        kinds = [event.kind for event in driver.collect(0)]
    assert (answers, kinds[-1]) == ([True], EventKind.FINISHED)


def test_an_answer_that_was_lost_is_given_again(place: Place) -> None:
    """Something between us and the server passes the call on and cuts the answer off, once."""
    driver = place.driver()
    driver.open(1)
    driver.offer([Offer(1), Offer(2)])
    place.lane().join(Lane("gpu1", "gpu1", "b", 1))
    with closing(socket.create_server(("127.0.0.1", 0))) as between:
        ports = iter([between.getsockname()[1]])
        endpoint = Endpoint(lambda: next(ports, place.port), bearer(TOKEN))
        cutter = threading.Thread(target=pass_on_and_cut, args=(between, place.port))
        cutter.start()
        with Transport(endpoint) as transport:
            fields = {"sweep": SWEEP, "lane": "gpu1", "free": 1, "ahead": 0, "request": "one"}
            answer = transport.call("lease", fields)
        cutter.join(20)
    assert answer["leases"] == [[1, 1, 0]]
    leased = [event for event in driver.collect(0) if event.kind is EventKind.LEASED]
    assert [event.job for event in leased] == [1]


def pass_on_and_cut(between: socket.socket, port: int) -> None:
    theirs, _ = between.accept()
    with theirs, socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(theirs.recv(65536))
        server.recv(1)
    between.close()


def test_it_gives_up_when_told(place: Place) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = Endpoint(lambda: nobody.getsockname()[1], bearer(TOKEN))
        give_up = threading.Event()
        found: list[Exception] = []

        def ask() -> None:
            try:
                Transport(endpoint, give_up).call("alive", {})
            except ServerError as error:
                found.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        give_up.set()
        thread.join(20)
    assert "does not answer" in str(found[0])


def test_once_is_once(tmp_path: Path) -> None:
    missing = tmp_path / "port"
    endpoint = Endpoint(lambda: int(missing.read_text()), bearer(TOKEN))
    with pytest.raises(ServerError, match="does not answer") as failed:
        Transport(endpoint).call_once("alive", {})
    assert failed.value.hint


def test_a_port_that_is_told_late_is_waited_for(place: Place, tmp_path: Path) -> None:
    """As behind a tunnel that is made anew."""
    told = tmp_path / "port"
    endpoint = Endpoint(lambda: int(told.read_text()), bearer(TOKEN))
    answers: list[object] = []
    with Transport(endpoint) as transport:
        thread = threading.Thread(target=lambda: answers.append(transport.call("alive", {})))
        thread.start()
        told.write_text("")
        told.write_text(str(place.port))
        thread.join(30)
    assert answers


def test_refusals_are_raised_as_what_they_are(place: Place) -> None:
    with pytest.raises(NoToken) as refused:
        place.transport("wrong").call("alive", {})
    assert refused.value.hint
    with pytest.raises(NoSuchSweep):
        place.driver().collect(0)
    with pytest.raises(BadCall, match="lanes"):
        place.driver().open(0)


def test_connections_are_kept(place: Place) -> None:
    place.driver().open(1)
    seen: list[int] = []
    endpoint = Endpoint(lambda: seen.append(1) or place.port, bearer(TOKEN))
    with Transport(endpoint) as transport:
        for _ in range(5):
            transport.call("alive", {})
    assert len(seen) == 1


def test_a_server_that_cannot_write_is_waited_for(place: Place) -> None:
    place.database.mkdir()
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(place.driver().open(1)))
    thread.start()
    wait_for(lambda: place.post("close", {"sweep": SWEEP})[0] == 503)
    place.database.rmdir()
    thread.join(30)
    assert answers == [None]


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Endpoint(lambda: 1, bearer(TOKEN)))


def test_a_call_that_is_under_way_at_the_end_leaves_no_connection(tmp_path: Path) -> None:
    place = Place(tmp_path / "leases.db")
    with place.served() as app:
        driver = place.driver()
        driver.open(1)
        with Transport(Endpoint(lambda: place.port, bearer(TOKEN))) as transport:
            waits = DriverClient(transport, SWEEP)
            thread = threading.Thread(target=waits.collect, args=(0,))
            thread.start()
            wait_for(lambda: somebody_waits(app))
        place.lane().join(Lane("gpu1", "gpu1", "b", 1))
        thread.join(60)
    assert not transport._idle


def test_where_nobody_answers_at_the_end_a_call_ends_too() -> None:
    endpoint = Endpoint(lambda: 1, bearer(TOKEN))
    troubles: list[ServerError] = []

    def collect(transport: Transport) -> None:
        try:
            DriverClient(transport, SWEEP).collect(0)
        except ServerError as error:
            troubles.append(error)

    with Transport(endpoint) as transport:
        thread = threading.Thread(target=collect, args=(transport,))
        thread.start()
    thread.join(60)
    assert len(troubles) == 1
