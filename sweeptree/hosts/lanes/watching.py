"""Sees to the lane of one host as long as a sweep lasts: started, started anew, and shown as ended.

Hides: that a silent lane may only have lost its cable, and that a dead one's jobs may go on under
their keepers. The process is looked at before another one is started, and its run is called crashed
only when nobody lives who could end it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial

from sweeptree.errors import HostError, SweeptreeError
from sweeptree.hosts.lanes.runs import LaneEnd, LaneRuns
from sweeptree.hosts.lanes.start_facts import LaneStart
from sweeptree.hosts.lanes.starting import await_lane, look_at_lane, start_lane
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import EventKind

PAUSE = 5.0  # seconds until a host that could not be reached is tried again
LONGEST_PAUSE = 80.0  # seconds until a lane that ends at once, again and again, is started anew
LOOK_SECONDS = 5.0  # between two looks at whether a lane's process lives
LOOK = 0.2  # seconds between two looks at a lane that ends
LEAVE_SECONDS = 20.0  # for a lane to end by itself when the sweep is over

Tell = Callable[[str], None]


class LaneWatch:
    """One lane. `up` is set while it is known to work; `trouble` says why it last did not."""

    def __init__(
        self,
        site: Site,
        start: LaneStart,
        runs: LaneRuns,
        tell: Tell,
        stopping: threading.Event | None = None,
    ) -> None:
        """`start` without a flow run; `tell` gets what somebody who watches should know;
        `stopping` is set when the sweep begins nothing more."""
        self.site = site
        self.up = threading.Event()
        self.trouble: SweeptreeError | None = None
        self.tried = threading.Event()
        self._start = start
        self._runs = runs
        self._tell = tell
        self._stopping = stopping or threading.Event()
        self._pause = PAUSE
        self._run: str | None = None
        self._has_begun = False
        self._left = threading.Event()
        self._lost = threading.Event()
        self._over = threading.Event()
        self._is_full = False

    @property
    def has_left(self) -> bool:
        """Whether the lane has ended in order, as it told."""
        return self._left.is_set()

    @property
    def is_within_reach(self) -> bool:
        """Whether a lane was started, and nothing says that its host is away."""
        return self._has_begun and (self._left.is_set() or not self._lost.is_set())

    @contextlib.contextmanager
    def watching(self) -> Iterator[LaneWatch]:
        """Start the lane and see to it meanwhile; then let it end. What there is to tell is told
        in the run of the caller."""
        name = f"lane on {self.site.host.name}"
        watch = partial(copy_context().run, self._watch)
        thread = threading.Thread(target=watch, name=name, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.let_end()
            thread.join(self._patience())
            self._end()

    def let_end(self) -> None:
        """Start no lane any more: the sweep is over."""
        self._over.set()

    def happened(self, kind: EventKind) -> None:
        """Something that the lease server tells of this host's lane."""
        if kind in (EventKind.LANE_JOINED, EventKind.LANE_BACK):
            self._left.clear()
            self._lost.clear()
            self.up.set()
        elif kind is EventKind.LANE_LEFT:
            self._left.set()
        elif kind is EventKind.LANE_LOST:
            self._lost.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            if self._has_done_all():
                self._end_run(*self._fate())
                self._over.wait(LOOK_SECONDS)
                continue
            try:
                self._keep_up()
            except SweeptreeError as error:
                self._failed(error)
                self._over.wait(self._pause)
            self.tried.set()

    def _has_done_all(self) -> bool:
        """Whether a lane has left because nothing more is to begin."""
        return self._left.is_set() and self._stopping.is_set()

    def _keep_up(self) -> None:
        """Start the lane if none lives, and wait until it is gone.

        A process that died is noticed before its leases run out, so that the next one still has
        its jobs. Raises SweeptreeError where the host cannot be reached.
        """
        if not self._lives():
            self._begin()
        await_lane(self.site, self._start.order.sweep)
        self.up.set()
        self.trouble = None
        self.tried.set()
        while not self._over.wait(LOOK_SECONDS):
            if not self._lives():
                return

    def _lives(self) -> bool:
        if self._run is None:
            return False
        seen = look_at_lane(self.site, self._start.order.sweep)
        self._tell_of_room(seen.free)
        return seen.is_alive

    def _tell_of_room(self, free: int) -> None:
        """Say once that the host's disk has no room for another job, and once that it has again."""
        least = self._start.order.spec.min_free
        is_full = free < least
        has_changed = self._is_full != is_full
        self._is_full = is_full
        if not has_changed:
            return
        name = self.site.host.name
        if is_full:
            place = self.site.host.home
            lack = f"no job starts on {name} until there is room: {free} MB are free at {place}"
            need = f"a job is started with {least} MB or more (--min_free)"
            look = self.site.remote.typed("df", "-h", place)
            self._tell(f"{lack}, and {need}; {look}")
        else:
            self._tell(f"there is room again on {name}: jobs start")

    def _begin(self) -> None:
        """A new process, in a flow run of its own; one that lives already keeps its own run."""
        self._end_run(*self._fate())
        self.up.clear()
        self._left.clear()
        run = self._runs.create(self._start.order)
        try:
            start = self._start.model_copy(update={"flow_run": run})
            process = start_lane(self.site, start)
        except SweeptreeError as error:
            self._run = run
            self._end_run(LaneEnd.CRASHED, error.message)
            raise
        self._has_begun = True
        if not process.was_running:
            self._lost.clear()  # that was the one before
        if process.replaced is not None:
            self._run = process.replaced
            self._end_run(LaneEnd.CRASHED, "its token opened nothing any more; another one follows")
        self._run = run
        if process.was_running and process.flow_run != run:
            self._end_run(LaneEnd.CANCELLED, "the lane of an earlier driver was still there")
            self._run = process.flow_run

    def _failed(self, error: SweeptreeError) -> None:
        before, self.trouble = self.trouble, error
        ends_again = _is_of_lane(error) and _is_of_lane(before)
        is_news = not ends_again and (before is None or before.message != error.message)
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if ends_again else PAUSE
        if is_news and not self._over.is_set():
            self._tell(f"{error.message}; trying again")

    def _fate(self) -> tuple[LaneEnd, str]:
        if self._left.is_set():
            return LaneEnd.COMPLETED, "there was no more for it to do"
        return LaneEnd.CRASHED, f"the lane on {self.site.host.name} died"

    def _end_run(self, how: LaneEnd, message: str) -> None:
        run, self._run = self._run, None
        if run is not None:
            with contextlib.suppress(SweeptreeError):  # only the picture of it is wrong
                self._runs.end(run, how, message)

    def _end(self) -> None:
        """A lane that leaves ends its run itself, as long as it reaches the server; whoever did
        not is shown as what it is."""
        if not self._has_begun:
            return
        if self._left.wait(self._patience()):
            self._await_gone()
            self._end_run(*self._fate())
        elif self._lost.is_set() or not self._lives_on():
            gone = f"{self.site.host.name} was not heard of any more"
            self._end_run(LaneEnd.CRASHED, gone)

    def _patience(self) -> float:
        """A lane that is not heard has had its time."""
        return PAUSE if self._lost.is_set() else LEAVE_SECONDS

    def _await_gone(self) -> None:
        """Wait for the end of a lane's process: until then it has things to tell the server."""
        deadline = time.monotonic() + LEAVE_SECONDS
        while self._lives_on() and time.monotonic() < deadline:
            time.sleep(LOOK)

    def _lives_on(self) -> bool:
        try:
            return look_at_lane(self.site, self._start.order.sweep).is_alive
        except SweeptreeError:
            return False


def _is_of_lane(error: SweeptreeError | None) -> bool:
    """Whether the host was reached, and its lane did not begin; each time its log says it anew."""
    return isinstance(error, HostError) and error.kind == "lane"
