"""A lane whose server is away, for longer than a lease lasts or for good."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.hosts.lanes.kit import UNTIL_GO, Host
from core.hosts.leases.http_kit import Place, wait_for
from sweeptree.hosts.lanes import lane, talking
from sweeptree.hosts.values import EventKind
from sweeptree.model import JobState
from sweeptree.model.report import ReportState

pytestmark = pytest.mark.slow
TTL = 1.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that last a second, and heartbeats to match."""
    monkeypatch.setattr(talking, "BEAT", TTL / 4)
    monkeypatch.setattr(talking, "MAX_WAIT", TTL)


def outbox(host: Host) -> list[str]:
    return [path.name for path in (host.folder / "outbox").iterdir()]


def test_what_ended_while_the_server_was_away_counts_and_is_not_run_again(unserved: Host) -> None:
    host, order = unserved, unserved.order(UNTIL_GO, "true")
    with host.place.served(TTL):
        host.offer([0])
        running = host.begin(order)
        wait_for(lambda: bool(host.events(EventKind.STARTED)))
    left = time.monotonic()
    host.go()
    wait_for(lambda: outbox(host) == ["job_0.1.json"])
    wait_for(lambda: time.monotonic() > left + 2 * TTL)
    with host.place.served(TTL):
        host.await_ends(1)
        host.offer([1])
        host.await_ends(2)
        host.driver.close()
        report = running.end()
        leased = [(event.job, event.attempt) for event in host.events(EventKind.LEASED)]
    assert report.states == {"succeeded": 2}
    assert leased == [(0, 1), (1, 1)]
    assert outbox(host) == []


def test_a_sweep_that_nobody_knows_any_more_keeps_its_results_here(
    unserved: Host, tmp_path: Path
) -> None:
    """The lane that is started next tells them."""
    host, order = unserved, unserved.order(UNTIL_GO)
    with host.place.served(TTL):
        host.offer([0])
        running = host.begin(order)
        wait_for(lambda: bool(host.events(EventKind.STARTED)))
    other = Place(tmp_path / "other.db")
    with other.served(TTL):
        host.place.port = other.port
        host.go()
        report = running.end()
    assert (report.state, report.unsent) == (ReportState.FAILED, 1)
    assert outbox(host) == ["job_0.1.json"]
    with host.place.served(TTL):
        again = host.begin(order)
        host.await_ends(1)
        assert host.came()[0].state is JobState.SUCCEEDED
        host.driver.close()
        told = again.end()
    assert (told.unsent, told.states) == (0, {})


def test_a_lane_that_nobody_hears_and_that_runs_nothing_ends(
    unserved: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "AWAY", 5.0)
    with unserved.place.served(TTL):
        unserved.offer([0])
        running = unserved.begin(unserved.order("true"))
        unserved.await_ends(1)
    assert running.end().state is ReportState.DONE


def test_a_lane_without_a_job_left_ends_after_a_while(
    unserved: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver is gone and has never closed the sweep."""
    monkeypatch.setattr(lane, "UNUSED", 5.0)
    with unserved.place.served(TTL):
        unserved.offer([0])
        running = unserved.begin(unserved.order("true"))
        assert running.end().states == {"succeeded": 1}


def test_a_lane_that_nobody_hears_goes_on_with_what_runs_and_then_takes_more(
    unserved: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "AWAY", 4.0)
    host, order = unserved, unserved.order(UNTIL_GO, "true")
    with host.place.served(TTL):
        host.offer([0])
        running = host.begin(order)
        wait_for(lambda: bool(host.events(EventKind.STARTED)))
    left = time.monotonic()
    wait_for(lambda: time.monotonic() > left + 6.0)
    with host.place.served(TTL):
        host.go()
        host.await_ends(1)
        host.offer([1])
        host.await_ends(2)
        host.driver.close()
        assert running.end().states == {"succeeded": 2}
