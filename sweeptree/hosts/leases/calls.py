"""The calls by name: what each does at the store, and which of them wait until there is news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sweeptree.hosts.leases.lane_calls import Wish
from sweeptree.hosts.leases.store import Store
from sweeptree.hosts.leases.wire import (
    MAX_LIST,
    Answer,
    Body,
    event_answer,
    given_row,
    granted_answer,
    lane_of,
    leased_of,
    leases_of,
    offers_of,
    orders_answer,
    result_of,
    verdict_answer,
)
from sweeptree.hosts.values import Order

PROTOCOL = 1  # grows when a call changes its meaning
Act = Callable[[Store, Body], Answer]


class News(StrEnum):
    """What somebody may wait for; each is a counter of the sweep."""

    EVENTS = "events"
    ORDERS = "orders"
    DUES = "dues"


@dataclass(frozen=True, slots=True)
class Call:
    """`act` is done at once. While `is_empty` and there is time, it waits for any of `news` and
    does `again` (or `act`)."""

    act: Act
    news: tuple[News, ...] = ()
    is_empty: Callable[[Answer, Body], bool] | None = None
    again: Act | None = None


def _alive(_store: Store, _body: Body) -> Answer:
    return {"protocol": PROTOCOL}


def _open(store: Store, body: Body) -> Answer:
    store.open(body.sweep, body.whole("lanes", least=1, most=10_000), body.request)
    return {}


def _offer(store: Store, body: Body) -> Answer:
    store.offer(body.sweep, offers_of(body), body.request)
    return {}


def _cancel(store: Store, body: Body) -> Answer:
    store.cancel(body.sweep, body.numbers("jobs"), body.request)
    return {}


def _order(store: Store, body: Body) -> Answer:
    store.order(body.sweep, body.order, body.request)
    return {}


def _collect(store: Store, body: Body) -> Answer:
    events = store.collect(body.sweep, body.whole("after"))
    return {"events": [event_answer(event) for event in events]}


def _close(store: Store, body: Body) -> Answer:
    store.close(body.sweep)
    return {}


def _join(store: Store, body: Body) -> Answer:
    leases = store.join(body.sweep, lane_of(body))
    return {"leases": [given_row(each) for each in leases]}


def _lease(store: Store, body: Body) -> Answer:
    wish = Wish(body.whole("free", most=MAX_LIST), body.whole("ahead", most=MAX_LIST))
    return granted_answer(store.lease(body.sweep, body.lane, wish, body.request))


def _beat(store: Store, body: Body) -> Answer:
    return orders_answer(store.beat(body.sweep, body.lane, leases_of(body, "holds")))


def _orders(store: Store, body: Body) -> Answer:
    return orders_answer(store.orders(body.sweep, body.lane))


def _started(store: Store, body: Body) -> Answer:
    return verdict_answer(store.started(body.sweep, body.lane, leased_of(body), body.payload))


def _progress(store: Store, body: Body) -> Answer:
    return verdict_answer(store.progress(body.sweep, body.lane, leased_of(body), body.payload))


def _finish(store: Store, body: Body) -> Answer:
    return verdict_answer(store.finish(body.sweep, body.lane, result_of(body)))


def _release(store: Store, body: Body) -> Answer:
    store.release(body.sweep, body.lane, leases_of(body, "leases"))
    return {}


def _leave(store: Store, body: Body) -> Answer:
    store.leave(body.sweep, body.lane)
    return {}


def _has_no_event(answer: Answer, _body: Body) -> bool:
    return not answer["events"]


def _has_no_job_yet(answer: Answer, body: Body) -> bool:
    is_asked = body.whole("free") + body.whole("ahead") > 0
    is_open = answer["order"] == Order.GO
    return is_asked and is_open and not answer["leases"]


def _has_no_order(answer: Answer, body: Body) -> bool:
    return answer["version"] == body.whole("known") and not answer["lost"]


CALLS: dict[str, Call] = {
    "alive": Call(_alive),
    "open": Call(_open),
    "offer": Call(_offer),
    "cancel": Call(_cancel),
    "order": Call(_order),
    "collect": Call(_collect, (News.EVENTS,), _has_no_event),
    "close": Call(_close),
    "join": Call(_join),
    "lease": Call(_lease, (News.DUES, News.ORDERS), _has_no_job_yet),
    "beat": Call(_beat, (News.ORDERS,), _has_no_order, _orders),
    "started": Call(_started),
    "progress": Call(_progress),
    "finish": Call(_finish),
    "release": Call(_release),
    "leave": Call(_leave),
}
