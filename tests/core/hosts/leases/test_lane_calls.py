"""What a lane asks for and tells."""

from __future__ import annotations

import pytest

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.leases.problems import BadCall, NotJoined
from sweeptree.hosts.values import EventKind, Lane, Leased


def test_a_lane_joins_before_it_leases(desk: Desk) -> None:
    desk.offer(1)
    with pytest.raises(NotJoined, match="gpu1"):
        desk.lease("gpu1")
    desk.join("gpu1")
    desk.store.leave(SWEEP, "gpu1")
    with pytest.raises(NotJoined, match="gpu1"):
        desk.store.beat(SWEEP, "gpu1", [])


def test_a_repeated_join_is_told_once(desk: Desk) -> None:
    desk.join("gpu1")
    desk.join("gpu1")
    assert len(desk.events(EventKind.LANE_JOINED)) == 1


def test_a_lane_belongs_to_one_host(desk: Desk) -> None:
    desk.join("gpu1")
    with pytest.raises(BadCall, match="gpu1"):
        desk.store.join(SWEEP, Lane("gpu1", "gpu2", "", 1))


def test_a_lane_that_was_killed_takes_up_what_its_keepers_still_run(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1, 2)
    held = desk.lease("gpu1", free=2)
    desk.later(2 * TTL)
    assert list(desk.join("gpu1")) == held
    assert desk.lease("gpu1") == []


def test_jobs_go_where_their_gpus_are(desk: Desk) -> None:
    desk.join("gpu1", gpu_memory=(24_000,))
    desk.join("gpu2", gpu_memory=(24_000, 80_000))
    desk.offer(1, gpus=1, gpu_memory=40_000)
    desk.offer(2, gpus=2)
    desk.offer(3, gpus=1)
    assert desk.lease("gpu1", free=3) == [Leased(3, 1)]
    assert desk.lease("gpu2", free=3) == [Leased(1, 1), Leased(2, 1)]


def test_nobody_gets_a_job_ahead_that_a_free_slot_elsewhere_could_begin(desk: Desk) -> None:
    desk.join("gpu1", slots=2)
    desk.join("gpu2", slots=2)
    desk.offer(*range(1, 6))
    assert len(desk.lease("gpu1", free=2, ahead=2)) == 3
    assert len(desk.lease("gpu2", free=2, ahead=2)) == 2


def test_a_lane_gets_jobs_ahead_while_there_are_many(desk: Desk) -> None:
    desk.expect(1)
    desk.join("gpu1", slots=2)
    desk.offer(*range(1, 9))
    assert len(desk.lease("gpu1", free=2, ahead=2)) == 4
    assert len(desk.lease("gpu1", ahead=0, free=0)) == 0


def test_an_answer_says_how_many_jobs_have_not_ended(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1, 2)
    (leased,) = desk.lease("gpu1")
    assert desk.store.lease(SWEEP, "gpu1", Wish(0), "a").left == 2
    desk.finish("gpu1", leased)
    assert desk.store.lease(SWEEP, "gpu1", Wish(0), "b").left == 1


def test_a_job_that_is_given_back_is_due_at_once_under_a_new_number(desk: Desk) -> None:
    desk.join("gpu1")
    desk.join("gpu2")
    desk.offer(1)
    held = desk.lease("gpu1")
    desk.store.release(SWEEP, "gpu1", held)
    assert desk.lease("gpu2") == [Leased(1, 2)]
    assert desk.store.beat(SWEEP, "gpu1", held).lost == tuple(held)


def test_a_heartbeat_from_before_does_not_take_back_what_was_given_back(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1)
    held = desk.lease("gpu1")
    desk.store.release(SWEEP, "gpu1", held)
    desk.store.beat(SWEEP, "gpu1", held)
    assert desk.lease("gpu1") == [Leased(1, 2)]


def test_a_lane_cannot_give_back_anothers_job(desk: Desk) -> None:
    desk.join("gpu1")
    desk.join("gpu2")
    desk.offer(1)
    desk.store.release(SWEEP, "gpu2", desk.lease("gpu1"))
    assert desk.jobs(EventKind.DUE_AGAIN) == []


def test_a_lane_that_leaves_frees_what_it_holds(desk: Desk) -> None:
    desk.join("gpu1")
    desk.join("gpu2")
    desk.offer(1)
    desk.lease("gpu1")
    desk.store.leave(SWEEP, "gpu1")
    desk.store.leave(SWEEP, "gpu1")
    assert desk.lease("gpu2") == [Leased(1, 2)]
    assert len(desk.events(EventKind.LANE_LEFT)) == 1


def test_the_driver_hears_that_a_job_began_and_the_newest_of_its_progress(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1)
    (held,) = desk.lease("gpu1")
    for _ in range(2):
        assert desk.store.started(SWEEP, "gpu1", held, {"gpu": 0}).accepted
    for step in range(3):
        assert desk.store.progress(SWEEP, "gpu1", held, {"step": step}).accepted
    assert [event.payload for event in desk.events(EventKind.STARTED)] == [{"gpu": 0}]
    assert [event.payload for event in desk.events(EventKind.PROGRESS)] == [{"step": 2}]
    desk.finish("gpu1", held)
    assert desk.events(EventKind.PROGRESS) == []
    assert not desk.store.progress(SWEEP, "gpu1", held, {}).accepted


def test_a_lease_says_how_much_memory_its_job_asks_for(desk: Desk) -> None:
    """Also to a lane that repeats its question, or begins anew."""
    desk.join("gpu1", gpu_memory=(16_000,))
    desk.offer(1, gpus=1, gpu_memory=9_000)
    for _ in range(2):
        granted = desk.store.lease(SWEEP, "gpu1", Wish(1), "again")
        assert [leased.gpu_memory for leased in granted.leases] == [9_000]
    assert [leased.gpu_memory for leased in desk.join("gpu1", gpu_memory=(16_000,))] == [9_000]
