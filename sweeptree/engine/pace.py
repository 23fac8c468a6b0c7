"""Keeps a sweep of very short jobs from running ahead of the events that tell the engine of them.

Each task run is told to the server in three events, which one thread of this process sends. 10,000
jobs of `true` made them faster than that: thousands waited, each with the whole context of its run
(150 MB in all), and the sweep fell silent for a minute at its end. A sweep that waits for its
events a little at a time takes no longer and stays small.

Hides where Prefect keeps what is still to be sent. Jobs of a second or more never meet any of this.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from prefect.events.worker import EventsWorker

MOST = 600  # events; 100 jobs
PATIENCE = 2.0  # seconds without any progress: the server is away
REST = 60.0  # seconds until it is asked again
LOOK = 0.02


def waiting_events() -> int:
    """How many events are still to be sent; 0 where that cannot be told."""
    with contextlib.suppress(Exception):  # no server is set, or a Prefect that keeps them elsewhere
        return EventsWorker.instance()._queue.qsize()
    return 0


class Pace:
    """Shared by the driver threads of a sweep."""

    def __init__(
        self, waiting: Callable[[], int] = waiting_events, *, patience: float = PATIENCE
    ) -> None:
        self._waiting = waiting
        self._patience = patience
        self._again = 0.0

    def keep(self, stopping: threading.Event) -> None:
        """Wait while too many events wait; not for a server that takes none, nor once the sweep is
        to stop."""
        if time.monotonic() < self._again:
            return
        fewest = self._waiting()
        deadline = time.monotonic() + self._patience
        while fewest > MOST and not stopping.wait(LOOK):
            if (now := self._waiting()) < fewest:
                fewest, deadline = now, time.monotonic() + self._patience
            elif time.monotonic() > deadline:
                self._again = time.monotonic() + REST
                return
