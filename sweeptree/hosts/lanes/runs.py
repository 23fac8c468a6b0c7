"""How the lanes of a sweep are shown: one run of the engine's for each, or none."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from sweeptree.hosts.lanes.order import LaneOrder


class LaneEnd(StrEnum):
    """How a lane came to its end, where it cannot tell so itself."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"


class LaneRuns(Protocol):
    """Makes the runs in which the lanes of this sweep are shown, and ends them for the dead."""

    def create(self, order: LaneOrder) -> str | None:
        """The run of a lane that is about to be started; None: it cannot be shown."""

    def end(self, run: str, how: LaneEnd, message: str) -> None:
        """End a run that its lane has not ended; one that has an end keeps it."""


class Unshown:
    """Lanes of a sweep that runs by its files alone."""

    def create(self, order: LaneOrder) -> str | None:  # noqa: ARG002 - see LaneRuns
        """There is nobody to show it to."""
        return None

    def end(self, run: str, how: LaneEnd, message: str) -> None:
        """There is none."""
