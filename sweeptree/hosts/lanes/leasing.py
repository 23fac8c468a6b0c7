"""What a lane asks of the leases, and what it does while they are away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sweeptree.hosts.values import Granted, Lane, Leased, Orders, Result, Verdict


class Leasing(Protocol):
    """The leases of one sweep, as one lane reaches them.

    A call that gets no answer is repeated until it gets one, or until `give_up` was called: then,
    and from then on, it raises ServerError. Thread-safe.
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

    def give_up(self) -> None:
        """Let calls that wait for an answer fail, and all later ones."""
