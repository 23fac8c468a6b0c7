"""Which calls there are, and which of them wait."""

from __future__ import annotations

from core.hosts.leases.kit import SWEEP, Desk
from sweeptree.hosts.leases.calls import CALLS, News
from sweeptree.hosts.leases.rows import SweepRow
from sweeptree.hosts.leases.wire import Body
from sweeptree.hosts.values import Order


def asks(desk: Desk, **fields: object) -> tuple[bool, dict[str, object]]:
    """Whether a lane that asks for jobs would wait, and its answer."""
    body = Body({"sweep": SWEEP, "lane": "gpu1", "request": desk.request(), "ahead": 0, **fields})
    call = CALLS["lease"]
    answer = call.act(desk.store, body)
    assert call.is_empty is not None
    return call.is_empty(answer, body), answer


def test_what_one_waits_for_is_a_counter_of_the_sweep() -> None:
    assert set(News) <= set(SweepRow.__dataclass_fields__)
    waiting = {name for name, call in CALLS.items() if call.news}
    assert waiting == {"collect", "lease", "beat"}
    assert all((call.is_empty is None) is (not call.news) for call in CALLS.values())


def test_a_lane_waits_only_while_there_may_be_a_job_for_it(desk: Desk) -> None:
    desk.join("gpu1")
    assert asks(desk, free=1)[0] is True  # it may be quicker than the driver's first offer
    desk.offer(1)
    assert asks(desk, free=0)[0] is False
    assert asks(desk, free=1) == (False, {"leases": [[1, 1, 0]], "order": "go", "left": 1})
    assert asks(desk, free=1)[0] is True
    desk.order(Order.DRAIN)
    assert asks(desk, free=1)[0] is False


def test_a_heartbeat_waits_until_there_is_a_new_order(desk: Desk) -> None:
    desk.join("gpu1")
    call = CALLS["beat"]
    body = Body({"sweep": SWEEP, "lane": "gpu1", "holds": [], "known": 1})
    assert call.is_empty is not None and call.again is not None
    assert call.is_empty(call.act(desk.store, body), body) is True
    desk.order(Order.STOP)
    assert call.is_empty(call.again(desk.store, body), body) is False
