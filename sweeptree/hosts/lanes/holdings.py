"""The jobs that a lane holds: those that wait to begin, those that run, those not yet told."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sweeptree.hosts.values import Leased
from sweeptree.sweep.drive import Source


@dataclass(frozen=True, slots=True)
class Want:
    """How many jobs a lane has a free slot for, and how many it would make ready."""

    free: int
    ahead: int


class Holdings(Source[Leased]):
    """The source of a lane's jobs: each slot has one that runs, and one ahead. Thread-safe."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._changed = threading.Condition()
        self._waiting: deque[Leased] = deque()
        self._earlier: set[Leased] = set()
        self._running: dict[int, Leased] = {}
        self._untold: dict[int, Leased] = {}
        self._returned: list[Leased] = []
        self._is_closed = False
        self.busy = time.monotonic()  # when something ran here the last time

    def hold_untold(self, leases: Iterable[Leased]) -> None:
        """Jobs whose result an earlier life of the lane could not tell."""
        with self._changed:
            self._untold.update({leased.job: leased for leased in leases})

    def add(self, leases: Iterable[Leased], *, may_run: bool = False) -> None:
        """Jobs that were leased; those that are held already stay as they are.

        `may_run`: an earlier life of the lane held them, and their keepers may live. They are
        taken up whatever is given back.
        """
        with self._changed:
            known = {leased.job for leased in self._all()}
            known.update(leased.job for leased in self._returned)
            new = [each for each in leases if each.job not in known]
            self._waiting.extend(new)
            if may_run:
                self._earlier.update(new)
            self._changed.notify_all()

    def has_more(self) -> bool:
        """Whether another job may come."""
        with self._changed:
            return bool(self._waiting) or not self._is_closed

    def take(self) -> Leased | None:
        """The next job, which runs from now on; None once there will be none."""
        with self._changed:
            while not self._waiting:
                if self._is_closed:
                    return None
                self._changed.wait()
            leased = self._waiting.popleft()
            self._running[leased.job] = leased
            return leased

    def ended(self, leased: Leased) -> None:
        """A job does not run any more; what came of it is still to be told."""
        with self._changed:
            self._stop_running(leased)
            self._untold[leased.job] = leased
            self._changed.notify_all()

    def give_back(self, leased: Leased) -> None:
        """A job does not run any more, and another lane may have it."""
        with self._changed:
            self._stop_running(leased)
            self._returned.append(leased)
            self._changed.notify_all()

    def give_back_waiting(self, jobs: Collection[int] | None = None) -> None:
        """Give back the jobs that have not begun; None: all of them."""
        with self._changed:
            back = [each for each in self._waiting if each not in self._earlier]
            if jobs is not None:
                back = [each for each in back if each.job in jobs]
            self._return(back)

    def give_back_rest(self) -> None:
        """Give back whatever waits: nothing will be taken up here any more."""
        with self._changed:
            self._return(list(self._waiting))

    def drop(self, leases: Collection[Leased]) -> None:
        """Forget jobs that have not begun and are another lane's by now."""
        with self._changed:
            self._forget(leases)
            self._changed.notify_all()

    def take_returned(self) -> tuple[Leased, ...]:
        """The jobs that were given back since the last call."""
        with self._changed:
            returned = tuple(self._returned)
            self._returned.clear()
            return returned

    def told(self, leased: Leased) -> None:
        """What came of a job was told."""
        with self._changed:
            if self._untold.get(leased.job) == leased:
                del self._untold[leased.job]
            self._changed.notify_all()

    def named(self) -> tuple[Leased, ...]:
        """All that the lane holds, as a heartbeat names it."""
        with self._changed:
            return tuple(self._all())

    def running(self) -> tuple[Leased, ...]:
        """The jobs that run."""
        with self._changed:
            return tuple(self._running.values())

    def await_want(self, seconds: float, *, ahead: bool) -> Want:
        """What to lease: once a slot is free, with `ahead` also once there is room for a job to
        make ready, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._wants(ahead=ahead), seconds)
            return self._want()

    def await_end(self, seconds: float) -> None:
        """Wait so many seconds, or until nothing more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, seconds)

    def await_rest(self, seconds: float) -> bool:
        """Whether nothing is held any more, waited for so many seconds."""
        with self._changed:
            return self._changed.wait_for(self._is_at_rest, seconds)

    def close(self) -> None:
        """Nothing more will come; what waits is still given out."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _wants(self, *, ahead: bool) -> bool:
        want = self._want()
        return bool(want.free or (ahead and want.ahead))

    def _want(self) -> Want:
        if self._is_closed:
            return Want(0, 0)
        held = len(self._waiting) + len(self._running)
        most = 2 * self._slots
        free = max(0, self._slots - held)
        ahead = most - held - free
        return Want(free, min(self._slots, ahead))

    def _return(self, leases: Collection[Leased]) -> None:
        self._forget(leases)
        self._returned.extend(leases)
        self._changed.notify_all()

    def _forget(self, leases: Collection[Leased]) -> None:
        kept = [each for each in self._waiting if each not in leases]
        self._waiting = deque(kept)

    def _stop_running(self, leased: Leased) -> None:
        self._running.pop(leased.job, None)
        self.busy = time.monotonic()

    def _is_at_rest(self) -> bool:
        return not (self._all() or self._returned)

    def _all(self) -> list[Leased]:
        return [
            *self._waiting,
            *self._running.values(),
            *self._untold.values(),
        ]
