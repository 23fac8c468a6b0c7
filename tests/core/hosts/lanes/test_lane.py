"""A lane's run: what it leases, what it tells, how it ends."""

from __future__ import annotations

import pytest
from helpers import git

from core.hosts.lanes.kit import UNTIL_GO, Host
from core.hosts.leases.http_kit import wait_for
from sweeptree.hosts.lanes import talking
from sweeptree.hosts.values import EventKind, Lane, Leased, Order, Result
from sweeptree.model import JobState
from sweeptree.model.report import ReportState
from sweeptree.records import read_record


def test_a_lane_runs_what_it_leases_and_ends_with_the_sweep(host: Host) -> None:
    order = host.order(*[f"python train.py {n}" for n in range(5)])
    report = host.run(order, 5)
    assert (report.state, report.states, report.unsent) == (ReportState.DONE, {"succeeded": 5}, 0)
    came = host.came()
    assert sorted(came) == list(range(5))
    assert {each.state for each in came.values()} == {JobState.SUCCEEDED}
    assert came[3].record is not None
    assert came[3].record.metrics == {"val_auc": 0.9}
    assert order.paths.log(3).read_text() == "trained 3\n"
    assert read_record(order.paths.record(3)).attempts[0].number == 1
    assert host.events()[-1].kind is EventKind.LANE_LEFT


def test_the_number_of_an_attempt_is_that_of_its_lease(host: Host) -> None:
    order = host.order("echo again")
    host.offer([0], before=4)
    running = host.begin(order)
    host.await_ends(1)
    host.driver.close()
    running.end()
    record = host.came()[0].record
    assert record is not None
    assert [each.number for each in record.attempts] == [5]


def test_a_failed_job_is_told_and_not_tried_again(host: Host) -> None:
    report = host.run(host.order("exit 3", "exit 3", "exit 3", retries=2, on_fail="stop"), 3)
    assert report.states == {"failed": 3}
    assert [each.outcome.exit_code for each in host.came().values() if each.outcome] == [3, 3, 3]
    assert len(host.events(EventKind.LEASED)) == 3


def test_what_a_job_changed_is_kept_as_a_commit(host: Host) -> None:
    order = host.order("echo 1 >> train.py; echo 2 > made.txt", "true", wants_content=True)
    host.run(order, 2)
    came = host.came()
    content = came[0].content
    assert content is not None
    assert git("show", f"{content}:made.txt", cwd=host.cache) == "2"
    ref = f"refs/sweeptree/quarantine/{order.sweep}/0/1"
    assert git("rev-parse", ref, cwd=host.cache) == content
    assert came[0].left.artifacts == ("train.py", "made.txt")
    assert came[1].content is None


def test_the_command_that_began_is_told(host: Host) -> None:
    order = host.order(UNTIL_GO)
    host.offer([0])
    running = host.begin(order)
    wait_for(lambda: bool(host.events(EventKind.STARTED)))
    started = host.events(EventKind.STARTED)[0]
    assert (started.job, started.attempt, started.host) == (0, 1, "gpu1")
    assert started.payload["start_time"]
    host.driver.cancel([0])
    host.await_ends(1)
    assert host.came()[0].state is JobState.CANCELLED
    host.driver.close()
    running.end()


def test_an_order_to_stop_ends_what_runs_and_gives_back_what_waits(host: Host) -> None:
    order = host.order(*["sleep 300"] * 5)
    host.offer(range(5))
    running = host.begin(order)
    wait_for(lambda: len(host.events(EventKind.STARTED)) == 2)
    host.driver.order(Order.STOP)
    report = running.end()
    assert report.states == {"cancelled": 2}
    assert {each.state for each in host.came().values()} == {JobState.CANCELLED}
    assert len(host.came()) == 2


def test_an_order_to_begin_no_more_lets_run_what_runs_and_gives_back_the_rest(host: Host) -> None:
    order = host.order(*[UNTIL_GO] * 5)
    host.offer(range(5))
    running = host.begin(order)
    wait_for(lambda: len(host.events(EventKind.LEASED)) >= 3)
    wait_for(lambda: len(host.events(EventKind.STARTED)) == 2)
    host.driver.order(Order.DRAIN)
    wait_for(lambda: bool(host.events(EventKind.DUE_AGAIN)))
    host.go()
    assert running.end().states == {"succeeded": 2}
    back = host.events(EventKind.DUE_AGAIN)
    assert {event.job for event in back} == {
        event.job for event in host.events(EventKind.LEASED)
    } - {0, 1}
    assert all(event.payload["unbegun"] for event in back)


def test_a_job_goes_back_when_only_this_host_has_to_stop(host: Host) -> None:
    order = host.order(*["sleep 300"] * 3)
    host.offer(range(3))
    running = host.begin(order)
    wait_for(lambda: len(host.events(EventKind.STARTED)) == 2)
    order.paths.cancel.write_text("term")
    assert running.end().state is ReportState.CANCELLED
    assert host.came() == {}
    assert {event.job for event in host.events(EventKind.DUE_AGAIN)} == {0, 1, 2}


def test_a_job_that_was_cancelled_ends_alone(host: Host) -> None:
    order = host.order("sleep 300", UNTIL_GO, "sleep 300")
    host.offer(range(3))
    running = host.begin(order)
    wait_for(lambda: len(host.events(EventKind.STARTED)) == 2)
    host.driver.cancel([0])
    wait_for(lambda: 0 in host.came())
    assert host.came()[0].state is JobState.CANCELLED
    host.go()
    wait_for(lambda: 1 in host.came())
    assert host.came()[1].state is JobState.SUCCEEDED
    host.driver.cancel([2])
    wait_for(lambda: 2 in host.came())
    host.driver.close()
    running.end()


def test_what_cannot_begin_is_refused(host: Host) -> None:
    report = host.begin(host.order("true", gpus=60)).end()
    assert report.state is ReportState.REFUSED
    assert "60 GPUs" in report.reason


def test_a_job_made_ready_here_begins_where_a_slot_is_free(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "BEAT", 0.1)
    monkeypatch.setattr(talking, "RECALLED", 0.2)
    order = host.order(UNTIL_GO, "true", parallel=1)
    host.offer([0, 1])
    running = host.begin(order)
    wait_for(lambda: bool(host.events(EventKind.STARTED)))
    wait_for(lambda: len(host.events(EventKind.LEASED)) == 2)
    other = host.place.lane("gpu2")
    other.join(Lane("gpu2", "gpu2", "boot", slots=1))
    granted = other.lease(free=1, wait=20.0)
    assert granted.leases == (Leased(1, 2),)
    assert other.finish(Result(1, 2, {})).accepted
    host.go()
    host.await_ends(2)
    host.driver.close()
    assert running.end().states == {"succeeded": 1}


def test_a_job_that_was_wanted_elsewhere_for_a_moment_alone_begins_here(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "BEAT", 0.1)
    order = host.order(UNTIL_GO, "true", parallel=1)
    host.offer([0, 1])
    running = host.begin(order)
    wait_for(lambda: len(host.events(EventKind.LEASED)) == 2)
    other = host.place.lane("gpu2")
    other.join(Lane("gpu2", "gpu2", "boot", slots=1))
    assert other.lease(free=1, wait=1.0).leases == ()
    host.go()
    host.await_ends(2)
    host.driver.close()
    assert running.end().states == {"succeeded": 2}
    assert host.events(EventKind.DUE_AGAIN) == []


def test_where_the_disk_has_no_room_nothing_is_leased_and_others_may_have_it(host: Host) -> None:
    order = host.order("true")
    host.offer([0])
    spec = order.spec.model_copy(update={"min_free": 10**9})
    report = host.begin(order.model_copy(update={"spec": spec})).end()
    assert report.state is ReportState.REFUSED
    assert "no room" in report.reason
    assert host.events(EventKind.LEASED) == []
