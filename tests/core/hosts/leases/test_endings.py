"""What becomes of a job whose lease ended without a result."""

from __future__ import annotations

import pytest

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.values import EventKind, Leased


def take_down(desk: Desk, host: str, boots: tuple[str, str]) -> Leased:
    """The host leases the job, dies with it, and is started anew."""
    desk.join(host, boot=boots[0])
    (leased,) = desk.lease(host)
    desk.later(TTL)
    assert desk.join(host, boot=boots[1]) == ()
    return leased


def test_a_job_that_took_down_two_hosts_is_not_started_a_third_time(desk: Desk) -> None:
    desk.offer(1)
    take_down(desk, "gpu1", ("a", "b"))
    take_down(desk, "gpu2", ("c", "d"))
    desk.join("gpu3")
    assert desk.lease("gpu3") == desk.lease("gpu1") == []
    (given_up,) = desk.events(EventKind.GIVEN_UP)
    assert given_up.payload["hosts"] == ["gpu1", "gpu2"]
    assert "gpu1 and gpu2" in given_up.payload["why"]


def test_the_order_in_which_the_hosts_come_back_does_not_matter(desk: Desk) -> None:
    desk.offer(1)
    for host in ("gpu1", "gpu2"):
        desk.join(host, boot="a")
        desk.lease(host)
        desk.later(TTL)
    desk.join("gpu2", boot="b")
    assert desk.jobs(EventKind.GIVEN_UP) == []
    desk.join("gpu1", boot="b")
    assert desk.jobs(EventKind.GIVEN_UP) == [1]


def test_one_host_that_goes_down_twice_is_one_host(desk: Desk) -> None:
    desk.offer(1)
    take_down(desk, "gpu1", ("a", "b"))
    take_down(desk, "gpu1", ("b", "c"))
    assert desk.jobs(EventKind.GIVEN_UP) == []
    assert desk.lease("gpu1") == [Leased(1, 3)]


@pytest.mark.parametrize("boots", [("a", "a"), ("", "b"), ("a", "")])
def test_only_a_changed_boot_counts(desk: Desk, boots: tuple[str, str]) -> None:
    desk.offer(1)
    for host in ("gpu1", "gpu2"):
        desk.join(host, boot=boots[0])
        (leased,) = desk.lease(host)
        desk.later(TTL)
        desk.join(host, boot=boots[1])
        desk.store.release(SWEEP, host, [leased])
    assert desk.jobs(EventKind.GIVEN_UP) == []


def test_a_host_that_was_started_anew_frees_its_jobs_at_once(desk: Desk) -> None:
    desk.offer(1)
    desk.join("gpu1", boot="a")
    desk.lease("gpu1")
    desk.join("gpu1", boot="b")
    assert desk.events(EventKind.DUE_AGAIN)[0].payload["why"] == "gpu1 was started anew"
    desk.join("gpu2")
    assert desk.lease("gpu2") == [Leased(1, 2)]


def test_a_restart_after_the_job_had_moved_on_does_not_touch_the_new_lease(desk: Desk) -> None:
    desk.offer(1)
    desk.join("gpu1", boot="a")
    desk.lease("gpu1")
    desk.join("gpu2")
    desk.later(TTL, ("gpu2", []))
    desk.lease("gpu2")
    desk.join("gpu1", boot="b")
    desk.later(TTL)
    assert [event.host for event in desk.events(EventKind.DUE_AGAIN)] == ["gpu1", "gpu2"]


def test_a_host_with_a_finished_result_hands_it_in_before_it_joins_again(desk: Desk) -> None:
    desk.offer(1)
    desk.join("gpu1", boot="a")
    (leased,) = desk.lease("gpu1")
    desk.later(TTL)
    assert desk.finish("gpu1", leased).accepted
    desk.join("gpu1", boot="b")
    assert desk.jobs(EventKind.FINISHED) == [1]
    assert desk.lease("gpu1") == []


def test_a_job_given_up_stays_so_when_it_is_offered_again(desk: Desk) -> None:
    desk.offer(1)
    take_down(desk, "gpu1", ("a", "b"))
    last = take_down(desk, "gpu2", ("c", "d"))
    assert desk.finish("gpu2", last).why == "job 1 was given up"
    desk.offer(1, before=2)
    assert desk.lease("gpu1") == []
    assert desk.jobs(EventKind.GIVEN_UP) == [1, 1]


def test_the_driver_is_told_of_a_job_that_no_host_can_take(desk: Desk) -> None:
    desk.join("gpu1", gpu_memory=(24_000,))
    desk.offer(1, gpus=1, gpu_memory=40_000)
    assert desk.jobs(EventKind.UNPLACEABLE) == []
    desk.join("gpu2", gpu_memory=(24_000, 24_000))
    (told,) = desk.events(EventKind.UNPLACEABLE)
    assert told.payload["why"] == "no host of the sweep has 1 GPU with 40000 MiB each"
    desk.offer(2, gpus=3)
    assert desk.jobs(EventKind.UNPLACEABLE) == [1, 2]


def test_the_last_host_that_could_take_a_job_has_left(desk: Desk) -> None:
    desk.join("gpu1", gpu_memory=(48_000,))
    desk.join("gpu2")
    desk.offer(1, gpus=1)
    desk.lease("gpu1")
    desk.store.leave(SWEEP, "gpu1")
    assert desk.jobs(EventKind.UNPLACEABLE) == [1]
    desk.offer(2)
    desk.store.leave(SWEEP, "gpu2")
    assert desk.events(EventKind.UNPLACEABLE)[-1].payload["why"] == "every lane has left"


def test_a_host_that_is_away_may_still_come_back_for_its_job(desk: Desk) -> None:
    desk.join("gpu1", gpu_memory=(48_000,))
    desk.join("gpu2")
    desk.later(2 * TTL, ("gpu2", []))
    desk.offer(1, gpus=1)
    assert desk.jobs(EventKind.UNPLACEABLE) == []
    assert desk.lease("gpu2") == []
    assert desk.lease("gpu1") == [Leased(1, 1)]


def test_the_driver_is_told_whether_what_comes_back_had_begun(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1, 2, 3)
    first, second, third = desk.lease("gpu1", free=3)
    desk.store.started(SWEEP, "gpu1", first, {})
    desk.store.release(SWEEP, "gpu1", [first, second])
    desk.later(TTL)
    told = {event.job: event.payload["unbegun"] for event in desk.events(EventKind.DUE_AGAIN)}
    assert told == {first.job: False, second.job: True, third.job: False}
