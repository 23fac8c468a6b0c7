"""The endpoint by HTTP: who may ask, what is refused, who waits."""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import SWEEP, TOKEN, Place, somebody_waits, wait_for
from sweeptree.hosts.leases.app import PREFIX
from sweeptree.hosts.leases.calls import PROTOCOL
from sweeptree.hosts.leases.token import bearer
from sweeptree.hosts.leases.wire import MAX_BODY
from sweeptree.hosts.values import EventKind, Lane, Leased, Offer, Order, Result


def opened(place: Place, *jobs: int) -> None:
    driver = place.driver()
    driver.open(1)
    driver.offer(Offer(job) for job in jobs)
    place.lane().join(Lane("gpu1", "gpu1", "b", 2))


def test_a_whole_job_by_http(place: Place) -> None:
    opened(place, 1)
    lane = place.lane()
    granted = lane.lease(free=1)
    assert (granted.leases, granted.order, granted.left) == ((Leased(1, 1),), Order.GO, 1)
    assert lane.started(Leased(1, 1), {"gpu": 0}).accepted
    assert lane.finish(Result(1, 1, {"loss": 0.5, "name": "ä\ud800"})).accepted
    last = place.driver().collect(0)[-1]
    assert (last.kind, last.host, last.job) == (EventKind.FINISHED, "gpu1", 1)
    assert last.payload == {"loss": 0.5, "name": "ä\ud800"}
    assert stat.S_IMODE(place.database.stat().st_mode) == 0o600


@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_without_the_token_nothing_is_answered(place: Place, header: str) -> None:
    for call in ("alive", "open", "nosuch"):
        status, answer = place.post(call, {}, Authorization=header)
        assert (status, answer["error"]) == (401, "token")
    assert not place.database.exists()


def test_with_the_token_it_says_which_calls_it_speaks(place: Place) -> None:
    assert place.post("alive", {}) == (200, {"protocol": PROTOCOL})


@pytest.mark.parametrize(
    ("call", "body", "says"),
    [
        ("open", {"sweep": "../x", "lanes": 1, "request": "r"}, "sweep"),
        ("open", {"sweep": SWEEP, "lanes": 0, "request": "r"}, "lanes"),
        ("open", {"sweep": SWEEP, "lanes": True, "request": "r"}, "lanes"),
        ("open", {"sweep": SWEEP, "lanes": 1}, "request"),
        ("open", [], "object"),
        ("open", b"{", "JSON"),
        ("open", b"\xff", "JSON"),
        ("open", b"[" * 100_000, "JSON"),
        ("open", b'{"lanes": NaN}', "NaN"),
        ("offer", {"sweep": SWEEP, "offers": [[1, 2]], "request": "r"}, "offers"),
        ("offer", {"sweep": SWEEP, "offers": [[1, 0, 0, -1]], "request": "r"}, "offers"),
        ("offer", {"sweep": SWEEP, "offers": [[1, 0, 0, 0]] * 5001, "request": "r"}, "5000"),
        ("order", {"sweep": SWEEP, "order": "fly", "request": "r"}, "go, drain, stop, kill"),
        ("collect", {"sweep": SWEEP, "after": 0, "wait": 26}, "25 seconds"),
        ("collect", {"sweep": SWEEP, "after": 0, "wait": "x"}, "wait"),
        ("finish", {"sweep": SWEEP, "lane": "a", "job": 1, "attempt": 1, "payload": 1}, "payload"),
        ("join", {"sweep": SWEEP, "lane": "a/b"}, "slots"),
        ("fly", {}, "there is no call 'fly'"),
    ],
)
def test_a_wrong_call_is_refused_with_a_sentence(
    place: Place, call: str, body: object, says: str
) -> None:
    status, answer = place.post(call, body)
    assert (status, answer["error"]) == (400, "bad")
    assert says in answer["why"]


def test_a_payload_is_a_megabyte_at_most(place: Place) -> None:
    opened(place, 1)
    place.lane().lease(free=1)
    about = {"sweep": SWEEP, "lane": "gpu1", "job": 1, "attempt": 1}
    large = {"x": "y" * (1024 * 1024)}
    assert "payload" in place.post("finish", {**about, "payload": large})[1]["why"]
    assert place.post("finish", b"x" * (MAX_BODY + 1))[1]["why"].startswith("the body is larger")


def test_only_post_asks(place: Place) -> None:
    assert place.post("alive", {}, method="GET")[0] == 400


def test_an_unknown_sweep_and_a_lane_that_has_not_joined_are_told_apart(place: Place) -> None:
    wish = {"sweep": SWEEP, "lane": "gpu1", "free": 1, "ahead": 0, "request": "r"}
    assert place.post("lease", wish)[0] == 404
    place.driver().open(1)
    assert place.post("lease", wish)[0] == 409


def test_a_database_that_cannot_be_used_is_named(place: Place) -> None:
    place.database.write_bytes(b"not a database" * 100)
    status, answer = place.post("close", {"sweep": SWEEP})
    assert (status, answer["error"]) == (503, "database")
    assert str(place.database) in answer["why"]


def collected(place: Place, wait: float = 25.0) -> tuple[threading.Thread, list[object]]:
    """Somebody waits for the next event in a thread."""
    last = place.driver().collect(0)[-1].seq
    found: list[object] = []
    driver = place.driver()
    thread = threading.Thread(target=lambda: found.extend(driver.collect(last, wait)))
    thread.start()
    return thread, found


def test_who_waits_for_an_event_has_it_at_once(place: Place) -> None:
    opened(place, 1)
    thread, found = collected(place)
    place.lane().lease(free=1)
    thread.join(20)
    assert not thread.is_alive()
    assert len(found) == 1


def test_a_lane_that_waits_gets_the_job_as_soon_as_it_is_due(place: Place) -> None:
    opened(place, 1)
    first = place.lane()
    leases = first.lease(free=1).leases
    second = place.lane("gpu2")
    second.join(Lane("gpu2", "gpu2", "b", 1))
    found: list[Leased] = []
    thread = threading.Thread(target=lambda: found.extend(second.lease(free=1).leases))
    thread.start()
    first.release(leases)
    thread.join(20)
    assert found == [Leased(1, 2)]


def test_an_order_ends_the_wait_of_a_heartbeat(place: Place) -> None:
    opened(place, 1)
    known = place.lane().beat([], wait=0).version
    found: list[Order] = []
    lane = place.lane()
    thread = threading.Thread(target=lambda: found.append(lane.beat([], known, 25.0).order))
    thread.start()
    place.driver().order(Order.KILL)
    thread.join(20)
    assert found == [Order.KILL]


def test_a_dead_lane_is_noticed_while_somebody_waits(tmp_path: Path) -> None:
    place = Place(tmp_path / "leases.db")
    with place.served(ttl=0.5):
        opened(place, 1)
        place.lane().lease(free=1)
        seen = [event.kind for event in place.driver().collect(0)]
        if EventKind.LANE_LOST not in seen:  # it has said something within its term
            seen += [event.kind for event in place.driver().collect(len(seen))]
    assert EventKind.LANE_LOST in seen


def test_a_caller_that_is_gone_gets_no_job(tmp_path: Path) -> None:
    place = Place(tmp_path / "leases.db")
    with place.served() as app:
        opened(place, 1)
        lane = place.lane()
        held = lane.lease(free=1).leases
        with half_asked(place):
            wait_for(lambda: somebody_waits(app))
        wait_for(lambda: not somebody_waits(app))
        lane.release(held)
        assert lane.lease(free=1).leases == (Leased(1, 2),)


@contextmanager
def half_asked(place: Place) -> Iterator[None]:
    """A lane that asks for a job, and is cut off at the end of the block."""
    body = {"sweep": SWEEP, "lane": "gpu1", "free": 1, "ahead": 0, "request": "r", "wait": 25}
    data = json.dumps(body).encode()
    lines = [
        f"POST {PREFIX}lease HTTP/1.1",
        "Host: x",
        f"Content-Length: {len(data)}",
        f"Authorization: {bearer(TOKEN)}",
    ]
    with socket.create_connection(("127.0.0.1", place.port)) as link:
        link.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        yield


def test_an_idle_endpoint_knows_when_somebody_called_last(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other.db")
    with other.served() as app:
        before = app.last_call
        other.post("alive", {})
        assert before < app.last_call
        assert not somebody_waits(app)
