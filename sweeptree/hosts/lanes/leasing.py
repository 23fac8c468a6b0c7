"""What a lane asks of the leases, and what it does while they are away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.hosts.lanes.start_facts import LaneStart
from sweeptree.hosts.leases.client import LaneClient
from sweeptree.hosts.leases.transport import Endpoint, Transport
from sweeptree.hosts.ssh.port_file import tunnel_port
from sweeptree.hosts.values import Granted, Lane, Leased, Orders, Result, Verdict


class Leasing(Protocol):
    """The leases of one sweep, as one lane reaches them.

    A call that gets no answer is repeated until it gets one, or until the lane gives up: then it
    raises ServerError. A refusal is a LeaseError. Thread-safe.
    """

    def join(self, lane: Lane) -> tuple[Leased, ...]:
        """Begin; what this lane still holds from an earlier life."""

    def lease(self, free: int, ahead: int, wait: float) -> Granted:
        """Jobs for free slots, waited for so many seconds, and jobs to make ready."""

    def beat(self, holds: Iterable[Leased], known: int, wait: float) -> Orders:
        """Live on, with these jobs; what is to be done, when it is news or after so long."""

    def started(self, leased: Leased, payload: Mapping[str, Any]) -> Verdict:
        """The command of an attempt has begun."""

    def finish(self, result: Result) -> Verdict:
        """What came of an attempt."""

    def release(self, leases: Iterable[Leased]) -> None:
        """Give back what has not begun."""

    def leave(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class Leases:
    """A sweep's leases; the event that ends the calls that wait for an answer; what each thread
    that has called does at its end."""

    calls: Leasing
    give_up: threading.Event
    hang_up: Callable[[], None]


def leases_of(start: LaneStart) -> Leases:
    """The leases that a lane reaches through its tunnel."""
    endpoint = Endpoint(partial(_port, start.port_file), start.access.authorization)
    return leases_at(endpoint, start.order)


def leases_at(endpoint: Endpoint, order: LaneOrder) -> Leases:
    """The leases that answer at an endpoint, for the lane of an order."""
    give_up = threading.Event()
    transport = Transport(endpoint, give_up)
    return Leases(LaneClient(transport, order.sweep, order.host), give_up, transport.close)


def _port(file: Path) -> int:
    """The port on this host that leads to the server now. Raises ValueError while there is none."""
    port = tunnel_port(file)
    if port is None:
        raise ValueError("the tunnel to the driver is down")
    return port
