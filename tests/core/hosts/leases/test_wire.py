"""Values survive the wire, and nothing else passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeptree.hosts.leases import wire
from sweeptree.hosts.leases.problems import BadCall
from sweeptree.hosts.values import Event, EventKind, Granted, Lane, Leased, Offer, Order, Orders

NUMBERS = st.integers(0, 2**31)
LEASES = st.builds(Leased, NUMBERS, NUMBERS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def through(answer: Any) -> Any:
    return json.loads(json.dumps(answer))


@given(st.lists(LEASES), st.sampled_from(Order), NUMBERS, st.lists(NUMBERS))
def test_answers_to_lanes_come_back(
    leases: list[Leased], order: Order, number: int, jobs: list[int]
) -> None:
    granted = Granted(tuple(leases), order, number)
    orders = Orders(order, number, tuple(jobs), tuple(leases), tuple(jobs))
    assert wire.granted_from(through(wire.granted_answer(granted))) == granted
    assert wire.orders_from(through(wire.orders_answer(orders))) == orders


@given(st.dictionaries(st.text(), JSON))
def test_events_come_back(payload: dict[str, Any]) -> None:
    event = Event(3, EventKind.FINISHED, 1, None, "gpu1", payload)
    assert wire.event_from(through(wire.event_answer(event))) == event


@given(st.builds(Offer, NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_offers_come_back(offer: Offer) -> None:
    body = wire.Body(through({"offers": [wire.offer_row(offer)]}))
    assert wire.offers_of(body) == [offer]


def test_a_lane_comes_back() -> None:
    lane = Lane("gpu1", "gpu1", "5c3a-b", 2, (24_000, 0))
    assert wire.lane_of(wire.Body(through(wire.lane_fields(lane)))) == lane


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    try:
        body = wire.body_of(data)
    except BadCall as refused:
        assert refused.message
        return
    for read in (wire.lane_of, wire.offers_of, wire.result_of):
        with pytest.raises(BadCall):
            read(body)


@given(JSON)
def test_a_number_is_a_number(value: Any) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    body = wire.Body({"free": value})
    if is_whole and 0 <= value <= 9:
        assert body.whole("free", most=9) == value
    else:
        with pytest.raises(BadCall, match="free"):
            body.whole("free", most=9)
