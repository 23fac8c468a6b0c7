"""How jobs spread over lanes: what is given ahead, and what is wanted back."""

from __future__ import annotations

from core.hosts.leases.kit import SWEEP, Desk
from sweeptree.hosts.values import Leased


def recalled(desk: Desk, host: str, *holds: Leased) -> tuple[int, ...]:
    return desk.store.beat(SWEEP, host, holds).recalled


def test_nothing_is_given_ahead_that_a_free_slot_elsewhere_could_begin(desk: Desk) -> None:
    desk.join("gpu1", slots=1)
    desk.join("gpu2", slots=2)
    desk.offer(1, 2, 3, 4)
    assert desk.lease("gpu1", free=1, ahead=3) == [Leased(1, 1), Leased(2, 1)]


def test_nothing_is_given_ahead_before_all_lanes_have_joined(desk: Desk) -> None:
    desk.join("gpu1", slots=1)
    desk.offer(1, 2, 3)
    assert desk.lease("gpu1", free=1, ahead=1) == [Leased(1, 1)]
    desk.join("gpu2", slots=1)
    assert desk.lease("gpu1", free=0, ahead=1) == [Leased(2, 1)]


def test_jobs_beyond_the_slots_are_wanted_back_once_a_slot_elsewhere_is_free(desk: Desk) -> None:
    desk.expect(1)
    desk.join("gpu1", slots=2)
    desk.offer(1, 2, 3, 4)
    held = desk.lease("gpu1", free=2, ahead=2)
    assert recalled(desk, "gpu1", *held) == ()
    desk.join("gpu2", slots=1)
    assert recalled(desk, "gpu1", *held) == (4,)
    desk.store.release(SWEEP, "gpu1", held[3:])
    assert recalled(desk, "gpu1", *held[:3]) == ()
    assert desk.lease("gpu2") == [Leased(4, 2)]
    assert recalled(desk, "gpu1", *held[:3]) == ()


def test_what_has_begun_stays_where_it_is(desk: Desk) -> None:
    desk.expect(1)
    desk.join("gpu1", slots=1)
    desk.offer(1, 2)
    held = desk.lease("gpu1", free=1, ahead=1)
    for leased in held:
        desk.store.started(SWEEP, "gpu1", leased, {})
    desk.join("gpu2", slots=4)
    assert recalled(desk, "gpu1", *held) == ()


def test_jobs_that_are_due_come_before_those_of_another_lane(desk: Desk) -> None:
    desk.expect(1)
    desk.join("gpu1", slots=1)
    desk.offer(1, 2)
    held = desk.lease("gpu1", free=1, ahead=1)
    desk.join("gpu2", slots=1)
    desk.offer(3)
    assert recalled(desk, "gpu1", *held) == ()
    assert desk.lease("gpu2") == [Leased(3, 1)]


def test_a_job_that_the_free_host_cannot_run_is_not_wanted_back(desk: Desk) -> None:
    desk.expect(1)
    desk.join("gpu1", slots=1, gpu_memory=(80_000,))
    desk.offer(1, 2, gpus=1, gpu_memory=40_000)
    held = desk.lease("gpu1", free=1, ahead=1)
    desk.join("gpu2", slots=1, gpu_memory=(24_000,))
    assert recalled(desk, "gpu1", *held) == ()
    desk.join("gpu3", slots=1, gpu_memory=(48_000,))
    assert recalled(desk, "gpu1", *held) == (2,)
