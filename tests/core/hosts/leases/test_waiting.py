"""Bells ring for what has changed, and no ring is missed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sweeptree.hosts.leases.calls import News
from sweeptree.hosts.leases.rows import SweepRow
from sweeptree.hosts.leases.waiting import Bells, any_of
from sweeptree.hosts.values import Order

ROW = SweepRow(lanes=1, order=Order.GO, events=3, orders=1, dues=2, closed=False)


async def never() -> None:
    await asyncio.Event().wait()


async def waited(*, ring: bool, gone: bool) -> bool:
    bells = Bells()
    bells.ring("s", ROW)
    mine = bells.of("s", [News.DUES])
    if ring:
        bells.ring("s", replace(ROW, dues=3))
    task = asyncio.ensure_future(asyncio.sleep(0) if gone else never())
    if gone:
        await task
    try:
        return await any_of(mine, task, 0.05)
    finally:
        task.cancel()


def test_a_ring_between_the_look_and_the_wait_is_heard() -> None:
    assert asyncio.run(waited(ring=True, gone=False)) is True


def test_without_a_ring_the_time_ends_the_wait() -> None:
    assert asyncio.run(waited(ring=False, gone=False)) is False


def test_who_is_gone_does_not_look_again() -> None:
    assert asyncio.run(waited(ring=True, gone=True)) is False


def test_only_what_has_changed_rings() -> None:
    bells = Bells()
    bells.ring("s", ROW)
    events, orders = bells.of("s", [News.EVENTS, News.ORDERS])
    (other,) = bells.of("t", [News.EVENTS])
    bells.ring("s", replace(ROW, events=4))
    assert (events.is_set(), orders.is_set(), other.is_set()) == (True, False, False)
