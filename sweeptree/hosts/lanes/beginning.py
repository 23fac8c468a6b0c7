"""What keeps jobs on hosts from beginning: a sweep that stops, and first jobs that may stop it.

Hides: that lanes hold jobs ahead, which begin by themselves as soon as a slot is free there.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.lanes.values import LeaseCalls
from sweeptree.hosts.values import Order
from sweeptree.sweep.running import JobContext
from sweeptree.sweep.stopping import StopSwitch

LOOK_SECONDS = 0.1


@contextlib.contextmanager
def drained(leases: LeaseCalls, stop: StopSwitch) -> Iterator[None]:
    """Have all lanes give back what has not begun, once the sweep is to begin nothing more."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if stop.stopping.wait(LOOK_SECONDS):
                with contextlib.suppress(SweeptreeError):  # the sweep is over
                    leases.order(Order.DRAIN)
                return

    thread = threading.Thread(target=watch, name="lanes-drained", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


class FirstJobs:
    """While the first jobs that end may still stop the sweep (`--stop_after_same`), no more of
    them are offered than can run at once, and one more for each that has ended. Thread-safe."""

    def __init__(self) -> None:
        self._offered: set[int] = set()
        self._is_open = False
        self._changed = threading.Condition()

    def open(self) -> None:
        """One has succeeded: the sweep goes on."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def admit(self, job: JobContext) -> bool:
        """Wait until the job may be offered. False when the sweep is to stop instead."""
        stopping = job.sweep.stop.stopping
        with self._changed:
            while not self._may_offer(job):
                if stopping.is_set():
                    return False
                self._changed.wait(LOOK_SECONDS)
            self._offered.add(job.index)
            return True

    def _may_offer(self, job: JobContext) -> bool:
        first = job.sweep.first_failures
        if self._is_open or first.goes_on or job.index in self._offered:
            return True
        most = job.sweep.prepared.parallel + first.seen
        return first.is_undecided and len(self._offered) < most
