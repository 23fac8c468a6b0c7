"""Orders, and jobs that the driver wants no more."""

from __future__ import annotations

import pytest

from core.hosts.leases.kit import SWEEP, TTL, Desk
from sweeptree.hosts.leases.problems import BadCall
from sweeptree.hosts.values import EventKind, Leased, Order


@pytest.fixture
def running(desk: Desk) -> Desk:
    """Job 1 runs on gpu1, job 2 is due."""
    desk.join("gpu1")
    desk.offer(1, 2)
    desk.lease("gpu1")
    return desk


@pytest.mark.parametrize("order", [Order.DRAIN, Order.STOP, Order.KILL])
def test_an_order_reaches_the_lane_and_nothing_more_is_leased(running: Desk, order: Order) -> None:
    before = running.store.orders(SWEEP, "gpu1")
    running.order(order)
    after = running.store.beat(SWEEP, "gpu1", [Leased(1, 1)])
    assert (after.order, after.version > before.version) == (order, True)
    assert running.lease("gpu1") == []


def test_a_result_counts_whatever_was_ordered(running: Desk) -> None:
    running.order(Order.STOP)
    assert running.finish("gpu1", Leased(1, 1)).accepted


def test_a_sweep_that_is_opened_again_goes_on(running: Desk) -> None:
    running.order(Order.STOP)
    running.store.open(SWEEP, 2, running.request())
    assert running.lease("gpu1") == [Leased(2, 1)]


def test_a_late_repeat_of_an_order_changes_nothing(running: Desk) -> None:
    running.store.order(SWEEP, Order.STOP, "stop")
    running.store.open(SWEEP, 2, "open again")
    running.store.order(SWEEP, Order.STOP, "stop")
    assert running.store.orders(SWEEP, "gpu1").order is Order.GO


def test_a_closed_sweep_lets_its_lanes_leave(running: Desk) -> None:
    running.store.close(SWEEP)
    assert running.store.orders(SWEEP, "gpu1").order is Order.DRAIN
    assert running.lease("gpu1") == []


def test_a_due_job_is_cancelled_at_once(running: Desk) -> None:
    running.cancel(2)
    assert running.jobs(EventKind.CANCELLED) == [2]
    assert running.lease("gpu1") == []


def test_a_running_job_is_cancelled_by_its_lane(running: Desk) -> None:
    running.cancel(1)
    assert running.store.beat(SWEEP, "gpu1", [Leased(1, 1)]).cancelled == (1,)
    assert running.jobs(EventKind.CANCELLED) == []
    assert running.finish("gpu1", Leased(1, 1), state="cancelled").accepted
    assert running.store.orders(SWEEP, "gpu1").cancelled == ()


def test_a_cancelled_job_of_a_dead_lane_is_not_due_again(running: Desk) -> None:
    running.cancel(1)
    running.later(TTL)
    assert running.jobs(EventKind.CANCELLED) == [1]
    assert running.finish("gpu1", Leased(1, 1)).why == "job 1 was cancelled"
    assert running.store.beat(SWEEP, "gpu1", [Leased(1, 1)]).lost == (Leased(1, 1),)


def test_a_cancelled_job_may_be_offered_again(running: Desk) -> None:
    running.cancel(2)
    running.offer(2)
    assert running.lease("gpu1") == [Leased(2, 1)]


def test_what_has_ended_is_not_cancelled(running: Desk) -> None:
    running.finish("gpu1", Leased(1, 1))
    running.cancel(1)
    assert running.jobs(EventKind.CANCELLED) == []


def test_a_job_that_was_never_offered_cannot_be_cancelled_and_nothing_else_is(
    running: Desk,
) -> None:
    with pytest.raises(BadCall, match="job 9"):
        running.cancel(2, 9)
    assert running.jobs(EventKind.CANCELLED) == []


def test_a_repeated_offer_does_not_start_a_job_again(running: Desk) -> None:
    running.store.cancel(SWEEP, [2], "c")
    running.offer(2)
    running.store.cancel(SWEEP, [2], "c")
    assert running.lease("gpu1") == [Leased(2, 1)]


@pytest.mark.parametrize(
    ("first", "second"),
    [(Order.KILL, Order.DRAIN), (Order.STOP, Order.GO), (Order.KILL, Order.STOP)],
)
def test_a_weaker_order_that_comes_later_changes_nothing(
    running: Desk, first: Order, second: Order
) -> None:
    running.order(first)
    running.order(second)
    assert running.store.orders(SWEEP, "gpu1").order is first


def test_a_job_that_was_cancelled_before_it_began_may_be_offered_as_before(running: Desk) -> None:
    running.cancel(1)
    running.store.release(SWEEP, "gpu1", [Leased(1, 1)])
    (cancelled,) = running.events(EventKind.CANCELLED)
    assert (cancelled.attempt, cancelled.payload) == (1, {"unbegun": True})
    running.offer(1)
    assert running.lease("gpu1") == [Leased(1, 2)]


def test_one_that_had_begun_is_offered_again_only_by_who_knows_its_end(running: Desk) -> None:
    running.store.started(SWEEP, "gpu1", Leased(1, 1), {})
    running.cancel(1)
    running.store.release(SWEEP, "gpu1", [Leased(1, 1)])
    assert running.events(EventKind.CANCELLED)[0].payload == {"unbegun": False}
    running.cancel(2)
    running.offer(1)
    assert running.lease("gpu1") == []
    running.offer(1, before=1)
    assert running.lease("gpu1") == [Leased(1, 2)]
