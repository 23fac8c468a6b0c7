"""A job over hosts, as its events tell: each end is recorded once, under its lease's number."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.hosts.lanes.script import Fleet, Server
from core.sweep.kit import paths_of
from sweeptree.hosts.values import EventKind, Offer, Order
from sweeptree.model import JobRecord, JobState
from sweeptree.records import read_record
from sweeptree.system.files import write_bytes


def record_of(repo: Path, job: int = 0) -> JobRecord:
    return read_record(paths_of(repo).record(job))


def test_a_job_is_recorded_as_its_lane_told_and_on_the_host_that_ran_it(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        host = f"gpu{offer.job + 1}"
        server.runs(offer.job, 1, host)
        server.ends(offer.job, 1, host=host, metrics={"auc": 0.5 + offer.job})

    fleet = Fleet.of(answer, tmp_path)
    (tmp_path / "0.1.log").write_text("trained\n")
    assert fleet.run(repo, "one", "two").reason == "2 succeeded"
    first, second = record_of(repo), record_of(repo, 1)
    assert (first.host, second.host) == ("gpu1", "gpu2")
    assert (first.metrics, second.metrics) == ({"auc": 0.5}, {"auc": 1.5})
    assert (first.cmd, first.notes) == ("one", ("brought by hand",))
    assert paths_of(repo).log(0).read_text() == "trained\n"
    assert fleet.carriers["gpu1"].did == ["follow 0", "unfollow 0", "bring 0.1"]


def test_a_lost_attempt_is_noted_and_the_next_one_counts_as_the_same_try(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        server.runs(offer.job, 1)
        server.say(EventKind.DUE_AGAIN, offer.job, 1, why="gpu1 has not been heard for 20 s")
        server.runs(offer.job, 2, "gpu2")
        server.ends(offer.job, 2, host="gpu2")

    assert Fleet.of(answer, tmp_path).run(repo, "one").reason == "1 succeeded"
    record = record_of(repo)
    assert [(one.number, one.state) for one in record.attempts] == [
        (1, JobState.LOST),
        (2, JobState.SUCCEEDED),
    ]
    assert record.attempts[0].reason == "gpu1 has not been heard for 20 s"
    assert record.host == "gpu2"


def test_an_attempt_that_was_thought_lost_and_lives_on_is_shown_as_running(
    repo: Path, tmp_path: Path
) -> None:
    seen: list[JobRecord] = []

    def answer(server: Server, offer: Offer) -> None:
        server.runs(offer.job, 1)
        server.say(EventKind.DUE_AGAIN, offer.job, 1, why="gpu1 has not been heard for 20 s")
        server.say(EventKind.LEASED, offer.job, 1)
        threading.Thread(target=end, args=(server, offer.job)).start()

    def end(server: Server, job: int) -> None:
        fleet.carriers["gpu1"].await_done("follow 0", times=2)
        seen.append(record_of(repo))
        server.ends(job, 1)

    fleet = Fleet.of(answer, tmp_path)
    assert fleet.run(repo, "one").reason == "1 succeeded"
    assert seen[0].state is JobState.RUNNING
    assert seen[0].attempts[0].start_time == "2026-01-01T00:00:00Z"
    assert [one.state for one in record_of(repo).attempts] == [JobState.SUCCEEDED]
    assert not paths_of(repo).attempt(0, 0, "log").exists()


def test_a_job_that_took_down_two_hosts_has_failed_and_says_why(repo: Path, tmp_path: Path) -> None:
    def answer(server: Server, offer: Offer) -> None:
        server.say(EventKind.GIVEN_UP, offer.job, why="gpu1 and gpu2 went down under it")

    assert Fleet.of(answer, tmp_path).run(repo, "one").reason == "1 failed"
    assert record_of(repo).reason == "gpu1 and gpu2 went down under it"


def test_a_cancel_takes_back_what_no_lane_has_begun(repo: Path, tmp_path: Path) -> None:
    running = threading.Event()

    def answer(server: Server, offer: Offer) -> None:
        if offer.job == 0:
            server.runs(0, 1)
        running.set()

    def cancel() -> None:
        running.wait(30)
        write_bytes(paths_of(repo).cancel, b"term", durable=False)

    fleet = Fleet.of(answer, tmp_path)
    thread = threading.Thread(target=cancel)
    thread.start()
    assert fleet.run(repo, "one", "two").reason == "1 cancelled, 1 planned"
    thread.join()
    assert sorted(set(fleet.server.cancelled)) == [0, 1]
    assert not paths_of(repo).record(1).exists()


def test_a_job_that_was_only_leased_when_the_sweep_was_cancelled_has_not_been_started(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        if offer.job == 0:
            server.runs(0, 1)
            return
        server.leases_ahead(offer.job)
        write_bytes(paths_of(repo).cancel, b"term", durable=False)

    fleet = Fleet.of(answer, tmp_path)
    assert fleet.run(repo, "one", "two").reason == "1 cancelled, 1 planned"
    record = record_of(repo, 1)
    assert (record.state, record.attempts) == (JobState.PLANNED, ())


def test_what_was_given_back_before_it_began_costs_nothing(repo: Path, tmp_path: Path) -> None:
    def answer(server: Server, offer: Offer) -> None:
        server.say(EventKind.LEASED, offer.job, 1)
        server.say(EventKind.DUE_AGAIN, offer.job, 1, why="gpu1 gave it back", unbegun=True)
        server.runs(offer.job, 2, "gpu2")
        server.ends(offer.job, 2, host="gpu2")

    assert Fleet.of(answer, tmp_path).run(repo, "one").reason == "1 succeeded"
    assert [one.number for one in record_of(repo).attempts] == [2]


def test_a_cancel_that_was_meant_for_an_earlier_driver_ends_nothing(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        if len(server.offers) == 1:
            server.say(EventKind.CANCELLED, offer.job, 1, unbegun=True)
            return
        server.runs(offer.job, 2)
        server.ends(offer.job, 2)

    fleet = Fleet.of(answer, tmp_path)
    fleet.server.say(EventKind.LEASED, 0, 1)
    fleet.server.say(EventKind.CANCELLED, 0, 1, unbegun=True)
    assert fleet.run(repo, "one").reason == "1 succeeded"
    assert [offer.attempts_before for offer in fleet.server.offers] == [0, 0]


def test_what_an_earlier_driver_had_ended_and_did_not_see_is_recorded_and_runs_again(
    repo: Path, tmp_path: Path
) -> None:
    def answer(server: Server, offer: Offer) -> None:
        if offer.attempts_before == 1:
            server.runs(offer.job, 2)
            server.ends(offer.job, 2)

    fleet = Fleet.of(answer, tmp_path)
    fleet.server.runs(0, 1)
    fleet.server.ends(0, 1, state=JobState.CANCELLED)
    assert fleet.run(repo, "one").reason == "1 succeeded"
    assert [(one.number, one.state) for one in record_of(repo).attempts] == [
        (1, JobState.CANCELLED),
        (2, JobState.SUCCEEDED),
    ]


@pytest.mark.parametrize("lanes_leave", [False, True])
def test_a_sweep_that_begins_nothing_more_gets_back_what_lanes_hold_ahead(
    repo: Path, tmp_path: Path, *, lanes_leave: bool
) -> None:
    """Also where the lanes have left before their jobs were taken back."""

    def answer(server: Server, offer: Offer) -> None:
        if offer.job:
            server.leases_ahead(offer.job)
        if len(server.offers) == 3 and len(server.ahead) == 2:
            server.runs(0, 1)
            server.ends(0, 1, state=JobState.FAILED)

    fleet = Fleet.of(answer, tmp_path)
    fleet.server.lanes_leave = lanes_leave
    assert (
        fleet.run(repo, "one", "two", "three", on_fail="stop", stop_after_same=0).reason
        == "1 failed, 2 planned"
    )
    assert fleet.server.orders == [Order.DRAIN]
    if not lanes_leave:
        assert sorted(fleet.server.cancelled) == [1, 2]
