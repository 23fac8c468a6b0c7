"""What a driver and a lane ask the endpoint, as methods."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sweeptree.hosts.leases.transport import Transport, new_request
from sweeptree.hosts.leases.wire import (
    MAX_LIST,
    MAX_WAIT,
    event_from,
    granted_from,
    lane_fields,
    leased_row,
    leases_from,
    offer_row,
    orders_from,
    verdict_from,
)
from sweeptree.hosts.values import (
    Event,
    Granted,
    Lane,
    Leased,
    Offer,
    Order,
    Orders,
    Result,
    Verdict,
)

BEAT_SECONDS = 5.0  # that a heartbeat waits for an order; a quarter of a term
T = TypeVar("T")


class DriverClient:
    """The driver's side of one sweep. Every call is repeated until it is answered."""

    def __init__(self, transport: Transport, sweep: str) -> None:
        self._transport = transport
        self._sweep = sweep

    def open(self, lanes: int) -> None:
        """Make the sweep known, or let it go on. `lanes`: how many are expected to join."""
        self._call("open", lanes=lanes, request=new_request())

    def offer(self, offers: Iterable[Offer]) -> None:
        """Let jobs be due; see `Offer` for those that stay as they are."""
        for part in _parts(offers):
            rows = [offer_row(each) for each in part]
            self._call("offer", offers=rows, request=new_request())

    def cancel(self, jobs: Iterable[int]) -> None:
        """End jobs. Of each comes an event: cancelled, or finished by its lane."""
        for part in _parts(jobs):
            self._call("cancel", jobs=part, request=new_request())

    def order(self, order: Order) -> None:
        """Tell all lanes what to do."""
        self._call("order", order=order, request=new_request())

    def collect(self, after: int, wait: float = MAX_WAIT) -> list[Event]:
        """The events after number `after`, waiting so many seconds (25 at most) for the first."""
        answer = self._call("collect", wait, after=after)
        return [event_from(each) for each in answer["events"]]

    def close(self) -> None:
        """Let the lanes leave; the sweep is forgotten a week later."""
        self._call("close")

    def _call(self, name: str, wait: float = 0.0, **fields: Any) -> dict[str, Any]:
        return self._transport.call(name, {"sweep": self._sweep, **fields}, wait)


class LaneClient:
    """One lane's side of a sweep. Every call is repeated until it is answered."""

    def __init__(self, transport: Transport, sweep: str, lane: str) -> None:
        self._transport = transport
        self._sweep = sweep
        self._lane = lane

    def join(self, lane: Lane) -> tuple[Leased, ...]:
        """Begin; what this lane holds from before. Results that stand are to be sent first."""
        answer = self._call("join", **lane_fields(lane))
        return leases_from(answer["leases"])

    def lease(self, free: int, ahead: int = 0, wait: float = MAX_WAIT) -> Granted:
        """Jobs for `free` slots, and up to `ahead` to make ready; waits (25 s at most) while all
        jobs of the sweep are others'."""
        answer = self._call("lease", wait, free=free, ahead=ahead, request=new_request())
        return granted_from(answer)

    def beat(self, holds: Iterable[Leased], known: int = 0, wait: float = BEAT_SECONDS) -> Orders:
        """Live on with what is held; waits for orders newer than version `known`."""
        rows = [leased_row(each) for each in holds]
        return orders_from(self._call("beat", wait, holds=rows, known=known))

    def started(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """The command of an attempt has begun."""
        return self._tell("started", leased, payload)

    def progress(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """Something new of an attempt that runs; only the newest is kept."""
        return self._tell("progress", leased, payload)

    def finish(self, result: Result) -> Verdict:
        """What came of an attempt."""
        return self._tell("finish", Leased(result.job, result.attempt), result.payload)

    def release(self, leases: Iterable[Leased]) -> None:
        """Give back what has not begun."""
        for part in _parts(leases):
            self._call("release", leases=[leased_row(each) for each in part])

    def leave(self) -> None:
        """End; what is held is due again."""
        self._call("leave")

    def _tell(self, name: str, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        fields: dict[str, Any] = {
            "job": leased.job,
            "attempt": leased.attempt,
            "payload": dict(payload),
        }
        return verdict_from(self._call(name, **fields))

    def _call(self, name: str, wait: float = 0.0, **fields: Any) -> dict[str, Any]:
        whose = {"sweep": self._sweep, "lane": self._lane}
        return self._transport.call(name, {**whose, **fields}, wait)


def _parts(values: Iterable[T]) -> Iterator[Sequence[T]]:
    rest = iter(values)
    while part := list(itertools.islice(rest, MAX_LIST)):
        yield part
