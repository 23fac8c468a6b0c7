"""Calls and answers as JSON, checked: what comes from outside is bounded in number and size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from sweeptree.hosts.leases.problems import BadCall
from sweeptree.hosts.values import (
    SWEEP_ID,
    Event,
    EventKind,
    Granted,
    Lane,
    Leased,
    Offer,
    Order,
    Orders,
    Result,
    Verdict,
)
from sweeptree.model.checks import HOST_NAME

Answer = dict[str, Any]
MAX_PAYLOAD = 1024 * 1024  # bytes of a payload as JSON
MAX_BODY = MAX_PAYLOAD + 64 * 1024
MAX_LIST = 5000  # offers, jobs or leases in one call
MAX_NUMBER = 2**31
MAX_WAIT = 25.0  # seconds that a call may wait for something to happen
_REQUEST = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BOOT = re.compile(r"[A-Za-z0-9-]{0,64}")


class Body:
    """The fields of a call. Each reader raises BadCall with the name of the field."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    @property
    def sweep(self) -> str:
        """The id of the sweep."""
        return self._text("sweep", SWEEP_ID)

    @property
    def lane(self) -> str:
        """The id of the lane."""
        return self._text("lane", HOST_NAME)

    @property
    def host(self) -> str:
        """The name of the host."""
        return self._text("host", HOST_NAME)

    @property
    def boot(self) -> str:
        """The boot id of the host."""
        return self._text("boot", _BOOT)

    @property
    def request(self) -> str:
        """The id of the call."""
        return self._text("request", _REQUEST)

    @property
    def wait(self) -> float:
        """How many seconds the caller would wait for an answer that says something."""
        found = self._fields.get("wait", 0)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise BadCall("wait: a number of seconds is needed")
        if not 0 <= found <= MAX_WAIT:
            raise BadCall(f"wait: at most {MAX_WAIT:g} seconds")
        return float(found)

    @property
    def order(self) -> Order:
        """What lanes shall do."""
        found = self._fields.get("order")
        if found not in list(Order):
            raise BadCall(f"order: one of {', '.join(Order)}")
        return Order(found)

    @property
    def payload(self) -> dict[str, Any]:
        """A JSON object of at most MAX_PAYLOAD bytes."""
        found = self._fields.get("payload", {})
        if not isinstance(found, dict):
            raise BadCall("payload: a JSON object is needed")
        if len(json.dumps(found, separators=(",", ":"))) > MAX_PAYLOAD:
            raise BadCall(f"payload: at most {MAX_PAYLOAD} bytes as JSON")
        return found

    def whole(self, name: str, *, least: int = 0, most: int = MAX_NUMBER) -> int:
        """A whole number."""
        return _whole(name, self._fields.get(name), least, most)

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(_whole(name, each, 0, MAX_NUMBER) for each in self._list(name))

    def rows(self, name: str, width: int) -> list[tuple[int, ...]]:
        """A list of lists of so many whole numbers."""
        return [_row(name, each, width) for each in self._list(name)]

    def _list(self, name: str) -> list[Any]:
        found = self._fields.get(name)
        if not isinstance(found, list) or len(found) > MAX_LIST:
            raise BadCall(f"{name}: a list of at most {MAX_LIST} is needed")
        return found

    def _text(self, name: str, form: re.Pattern[str]) -> str:
        found = self._fields.get(name)
        if not isinstance(found, str) or not form.fullmatch(found):
            raise BadCall(f"{name}: a text of the form {form.pattern} is needed")
        return found


def body_of(data: bytes) -> Body:
    """The fields that were sent. Raises BadCall for what is no JSON object."""
    try:
        found = json.loads(data or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadCall(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadCall("the body is no JSON object")
    return Body(found)


def offers_of(body: Body) -> list[Offer]:
    """The jobs that are offered."""
    return [Offer(*row) for row in body.rows("offers", 4)]


def leases_of(body: Body, name: str) -> list[Leased]:
    """Leases in a list."""
    return [Leased(*row) for row in body.rows(name, 2)]


def leased_of(body: Body) -> Leased:
    """The attempt that a call is about."""
    return Leased(body.whole("job"), body.whole("attempt", least=1))


def lane_of(body: Body) -> Lane:
    """The lane that joins."""
    slots = body.whole("slots", least=1, most=1024)
    memory = body.numbers("gpu_memory")
    return Lane(body.lane, body.host, body.boot, slots, memory)


def result_of(body: Body) -> Result:
    """What came of an attempt."""
    leased = leased_of(body)
    return Result(leased.job, leased.attempt, body.payload)


def offer_row(offer: Offer) -> list[int]:
    """An offer in a call."""
    return [offer.job, offer.attempts_before, offer.gpus, offer.gpu_memory]


def leased_row(leased: Leased) -> list[int]:
    """A lease that a call or an answer names."""
    return [leased.job, leased.attempt]


def given_row(leased: Leased) -> list[int]:
    """A lease that a lane is given."""
    return [leased.job, leased.attempt, leased.gpu_memory]


def lane_fields(lane: Lane) -> Answer:
    """A lane in a call."""
    return {
        "lane": lane.id,
        "host": lane.host,
        "boot": lane.boot,
        "slots": lane.slots,
        "gpu_memory": list(lane.gpu_memory),
    }


def granted_answer(granted: Granted) -> Answer:
    """What a lane gets."""
    leases = [given_row(each) for each in granted.leases]
    return {"leases": leases, "order": granted.order, "left": granted.left}


def granted_from(answer: Answer) -> Granted:
    """What a lane got."""
    return Granted(leases_from(answer["leases"]), Order(answer["order"]), int(answer["left"]))


def orders_answer(orders: Orders) -> Answer:
    """What a lane shall do."""
    return {
        "order": orders.order,
        "version": orders.version,
        "cancelled": list(orders.cancelled),
        "lost": [leased_row(each) for each in orders.lost],
        "recalled": list(orders.recalled),
    }


def orders_from(answer: Answer) -> Orders:
    """What a lane was told to do."""
    return Orders(
        order=Order(answer["order"]),
        version=int(answer["version"]),
        cancelled=tuple(answer["cancelled"]),
        lost=leases_from(answer["lost"]),
        recalled=tuple(answer["recalled"]),
    )


def verdict_answer(verdict: Verdict) -> Answer:
    """Whether something counts."""
    return {"accepted": verdict.accepted, "why": verdict.why}


def verdict_from(answer: Answer) -> Verdict:
    """Whether something counted."""
    return Verdict(bool(answer["accepted"]), str(answer["why"]))


def event_answer(event: Event) -> Answer:
    """An event for the driver."""
    return {
        "seq": event.seq,
        "kind": event.kind,
        "job": event.job,
        "attempt": event.attempt,
        "host": event.host,
        "payload": event.payload,
    }


def event_from(answer: Answer) -> Event:
    """An event that the driver got."""
    return Event(**{**answer, "kind": EventKind(answer["kind"])})


def leases_from(rows: list[list[int]]) -> tuple[Leased, ...]:
    """Leases in an answer."""
    return tuple(Leased(*row) for row in rows)


def _row(name: str, found: object, width: int) -> tuple[int, ...]:
    if not isinstance(found, list) or len(found) != width:
        raise BadCall(f"{name}: lists of {width} whole numbers are needed")
    return tuple(_whole(name, each, 0, MAX_NUMBER) for each in found)


def _whole(name: str, found: object, least: int, most: int) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
        raise BadCall(f"{name}: a whole number from {least} to {most} is needed")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
