"""What happened to each job, as its own queue: one thread asks the lease server for all of them.

Hides: that the server may be away for a while, and that a driver which goes on with a sweep gets
everything that happened before.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.lanes.values import LeaseCalls
from sweeptree.hosts.values import Event

_WAIT = 20.0  # seconds that one call waits for news
_PAUSE = 1.0  # seconds after a call that failed


class Mailbox:
    """The events of one sweep. Thread-safe."""

    def __init__(self, leases: LeaseCalls, told: Callable[[Event], None]) -> None:
        """`told` gets the events that belong to no job."""
        self._leases = leases
        self._told = told
        self._boxes: dict[int, queue.SimpleQueue[Event]] = {}
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._after = 0
        self.earlier = 0  # the number of the last event that happened before this driver began

    @contextmanager
    def open(self) -> Iterator[Mailbox]:
        """Collect meanwhile. Raises SweeptreeError when the server does not answer."""
        while backlog := self._leases.collect(self._after, 0.0):
            for event in backlog:
                self._put(event)
        self.earlier = self._after
        thread = threading.Thread(target=self._collect, name="lease-events", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()

    def next(self, job: int, seconds: float) -> Event | None:
        """The next event of a job; None when there is none for so long."""
        try:
            return self._box(job).get(timeout=seconds)
        except queue.Empty:
            return None

    def _box(self, job: int) -> queue.SimpleQueue[Event]:
        with self._guard:
            return self._boxes.setdefault(job, queue.SimpleQueue())

    def _collect(self) -> None:
        while not self._over.is_set():
            try:
                events = self._leases.collect(self._after, _WAIT)
            except SweeptreeError:  # the server is away: what happens meanwhile is kept there
                self._over.wait(_PAUSE)
                continue
            for event in events:
                self._put(event)

    def _put(self, event: Event) -> None:
        self._after = event.seq
        if event.job is None:
            self._told(event)
        else:
            self._box(event.job).put(event)
