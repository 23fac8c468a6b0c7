"""Driver and lane by their clients, against a real endpoint."""

from __future__ import annotations

from core.hosts.leases.http_kit import Place
from sweeptree.hosts.leases.wire import MAX_LIST
from sweeptree.hosts.values import EventKind, Lane, Leased, Offer, Order, Result

LANE = Lane("gpu1", "gpu1", "b", 2, (24_000,))


def test_more_offers_than_one_call_takes(place: Place) -> None:
    driver, lane = place.driver(), place.lane()
    driver.open(1)
    lane.join(LANE)
    driver.offer(Offer(job) for job in range(MAX_LIST + 2))
    assert lane.lease(free=0).left == MAX_LIST + 2
    driver.cancel(range(1, MAX_LIST + 2))
    assert lane.lease(free=2).leases == (Leased(0, 1),)


def test_each_side_hears_the_other(place: Place) -> None:
    driver, lane = place.driver(), place.lane()
    driver.open(1)
    assert lane.join(LANE) == ()
    driver.offer([Offer(1, 2, 1, 24_000), Offer(2)])
    leases = lane.lease(free=2).leases
    assert leases == (Leased(1, 3), Leased(2, 1))
    assert lane.join(LANE) == leases
    lane.progress(leases[0], {"step": 3})
    lane.release(leases[1:])
    driver.cancel([1])
    orders = lane.beat(leases)
    assert (orders.order, orders.cancelled, orders.lost) == (Order.GO, (1,), (Leased(2, 1),))
    lane.finish(Result(1, 3, {"state": "cancelled"}))
    lane.leave()
    driver.close()
    kinds = [event.kind for event in driver.collect(0)]
    assert kinds[-3:] == [EventKind.FINISHED, EventKind.LANE_LEFT, EventKind.UNPLACEABLE]


def test_without_events_it_waits_as_long_as_it_was_asked_to(place: Place) -> None:
    driver = place.driver()
    driver.open(1)
    assert driver.collect(0, wait=0.05) == []
