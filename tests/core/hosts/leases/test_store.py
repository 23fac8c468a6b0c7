"""The rules of leases: nothing is lost, and each job is accepted once."""

from __future__ import annotations

import pytest

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.leases.problems import BadCall, NoSuchSweep
from sweeptree.hosts.leases.store import KEPT_SECONDS
from sweeptree.hosts.values import EventKind, Leased


@pytest.fixture
def both(desk: Desk) -> Desk:
    """Two hosts have joined, job 1 is due."""
    desk.join("gpu1")
    desk.join("gpu2")
    desk.offer(1)
    return desk


def test_a_job_is_leased_once(both: Desk) -> None:
    assert both.lease("gpu1") == [Leased(1, 1)]
    assert both.lease("gpu2") == []


def test_the_number_of_an_attempt_follows_those_that_the_driver_knows(desk: Desk) -> None:
    desk.join("gpu1")
    desk.offer(1, before=3)
    assert desk.lease("gpu1") == [Leased(1, 4)]


def test_a_repeated_request_gets_the_same_answer(both: Desk) -> None:
    both.offer(2)
    first = both.store.lease(SWEEP, "gpu1", Wish(1), "again")
    assert both.store.lease(SWEEP, "gpu1", Wish(1), "again").leases == first.leases
    both.restart(3)
    assert both.store.lease(SWEEP, "gpu1", Wish(1), "again").leases == first.leases
    assert both.lease("gpu2") == [Leased(2, 1)]


def test_a_request_of_another_call_is_refused(both: Desk) -> None:
    both.store.cancel(SWEEP, [1], "x")
    with pytest.raises(BadCall, match="cancel"):
        both.store.lease(SWEEP, "gpu1", Wish(1), "x")


def test_a_lane_that_is_not_heard_loses_its_job_to_the_next_free_slot(both: Desk) -> None:
    both.lease("gpu1")
    both.later(TTL, ("gpu2", []))
    assert both.lease("gpu2") == [Leased(1, 2)]
    due = both.events(EventKind.DUE_AGAIN)[0]
    assert (due.job, due.attempt, due.host) == (1, 1, "gpu1")
    assert due.payload["why"] == "gpu1 was not heard for 20 s"


def test_a_lane_that_is_heard_keeps_its_job(both: Desk) -> None:
    held = both.lease("gpu1")
    both.later(10 * TTL, ("gpu1", held), ("gpu2", []))
    assert both.lease("gpu2") == []


def test_a_lane_that_is_back_gets_no_new_attempt_of_what_it_may_have_finished(both: Desk) -> None:
    held = both.lease("gpu1")
    both.later(TTL, ("gpu2", []))
    assert both.lease("gpu1") == []
    both.later(1, ("gpu1", held))
    assert both.finish("gpu1", held[0]).accepted


def test_a_lane_that_is_back_and_has_forgotten_its_job_gets_it_again(both: Desk) -> None:
    both.lease("gpu1")
    both.later(TTL, ("gpu2", []))
    both.later(1, ("gpu1", []))
    assert both.lease("gpu1") == [Leased(1, 2)]


def test_a_job_that_a_living_lane_does_not_name_is_due_again(both: Desk) -> None:
    both.lease("gpu1")
    both.later(TTL, ("gpu1", []), ("gpu2", []))
    assert both.lease("gpu2") == [Leased(1, 2)]
    assert both.events(EventKind.DUE_AGAIN)[0].payload["why"] == "gpu1 said nothing of it for 20 s"


def test_after_the_server_was_away_everybody_has_one_term_again(both: Desk) -> None:
    held = both.lease("gpu1")
    both.restart(10 * TTL)
    both.later(TTL - 1, ("gpu2", []))
    assert both.lease("gpu2") == []
    assert both.finish("gpu1", held[0]).accepted
    assert both.jobs(EventKind.FINISHED) == [1]


def test_a_server_that_stood_still_was_away_too(both: Desk) -> None:
    held = both.lease("gpu1")
    both.clock.now += 100 * TTL
    assert both.lease("gpu2") == []
    both.later(TTL - 1, ("gpu1", held), ("gpu2", []))
    assert both.lease("gpu2") == []


def test_the_grace_is_one_term_and_no_more(both: Desk) -> None:
    both.lease("gpu1")
    both.restart(10 * TTL)
    both.later(TTL, ("gpu2", []))
    assert both.lease("gpu2") == [Leased(1, 2)]


def test_a_late_result_counts_while_nobody_else_has_the_job(both: Desk) -> None:
    (late,) = both.lease("gpu1")
    both.later(5 * TTL, ("gpu2", []))
    assert both.finish("gpu1", late, loss=1).accepted
    assert both.lease("gpu2") == []
    assert [event.payload for event in both.events(EventKind.FINISHED)] == [{"loss": 1}]


def test_a_result_of_an_older_attempt_is_refused_with_where_the_new_one_is(both: Desk) -> None:
    (late,) = both.lease("gpu1")
    both.later(TTL, ("gpu2", []))
    (newer,) = both.lease("gpu2")
    refused = both.finish("gpu1", late)
    assert (refused.accepted, refused.why) == (False, "attempt 2 runs on gpu2")
    assert both.finish("gpu2", newer, loss=2).accepted
    refused = both.finish("gpu1", late)
    assert (refused.accepted, refused.why) == (False, "attempt 2 has finished on gpu2")
    assert [event.payload for event in both.events(EventKind.FINISHED)] == [{"loss": 2}]


def test_a_result_that_is_sent_twice_is_accepted_once(both: Desk) -> None:
    (held,) = both.lease("gpu1")
    assert both.finish("gpu1", held).accepted
    both.restart(1)
    assert both.finish("gpu1", held).accepted
    assert both.jobs(EventKind.FINISHED) == [1]


def test_a_result_of_another_lanes_attempt_is_refused(both: Desk) -> None:
    (held,) = both.lease("gpu1")
    assert both.finish("gpu2", held).why == "attempt 1 of job 1 was never leased to lane gpu2"
    assert not both.finish("gpu1", Leased(7, 1)).accepted


def test_a_lane_that_is_heard_again_goes_on_with_its_job(both: Desk) -> None:
    held = both.lease("gpu1")
    both.later(3 * TTL, ("gpu2", []))
    assert both.store.beat(SWEEP, "gpu1", held).lost == ()
    assert both.lease("gpu2") == []
    kinds = [EventKind.LANE_LOST, EventKind.DUE_AGAIN, EventKind.LANE_BACK, EventKind.LEASED]
    assert [event.kind for event in both.events()][-4:] == kinds


def test_a_lane_that_is_heard_too_late_is_told_what_it_has_lost(both: Desk) -> None:
    held = both.lease("gpu1")
    both.later(TTL, ("gpu2", []))
    both.lease("gpu2")
    assert both.store.beat(SWEEP, "gpu1", held).lost == tuple(held)
    assert both.store.started(SWEEP, "gpu1", held[0], {}).why == "attempt 2 runs on gpu2"


def test_a_retry_is_a_new_attempt_once_the_driver_has_seen_the_end(both: Desk) -> None:
    (first,) = both.lease("gpu1")
    both.offer(1, before=1)
    assert both.lease("gpu2") == []
    both.finish("gpu1", first)
    both.offer(1)
    assert both.lease("gpu2") == []
    both.offer(1, before=1)
    assert both.lease("gpu2") == [Leased(1, 2)]


def test_a_driver_that_comes_back_collects_everything_again(both: Desk) -> None:
    both.finish("gpu1", both.lease("gpu1")[0])
    seen = both.events()
    both.restart(1)
    both.store.open(SWEEP, 2, both.request())
    both.offer(1)
    assert both.events() == seen
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert both.store.collect(SWEEP, seen[1].seq) == seen[2:]


def test_events_come_in_parts_that_are_not_too_large(both: Desk) -> None:
    both.offer(*range(2, 9))
    text = "x" * 1_000_000
    for leased in both.lease("gpu1", free=8):
        both.finish("gpu1", leased, text=text)
    seen: list[int] = []
    while found := both.store.collect(SWEEP, seen[-1] if seen else 0):
        assert sum(len(str(event.payload)) for event in found) < 6_000_000
        seen += [event.seq for event in found]
    assert seen == list(range(1, seen[-1] + 1))


def test_an_unknown_sweep_is_refused(desk: Desk) -> None:
    with pytest.raises(NoSuchSweep, match="other"):
        desk.store.collect("other", 0)


def test_a_sweep_is_forgotten_a_week_after_it_was_closed(desk: Desk) -> None:
    desk.join("gpu1")
    desk.store.close(SWEEP)
    desk.wall.now += KEPT_SECONDS - 1
    desk.restart(1)
    assert desk.events()
    desk.wall.now += 2
    desk.restart(1)
    with pytest.raises(NoSuchSweep):
        desk.events()


def test_a_sweep_that_nobody_closed_is_kept(desk: Desk) -> None:
    desk.offer(1)
    desk.wall.now += 100 * KEPT_SECONDS
    desk.restart(1)
    desk.join("gpu1")
    assert desk.lease("gpu1") == [Leased(1, 1)]
