"""The threads in which a lane talks with the leases: for jobs, to be heard, to tell what came.

Each may wait for an answer as long as the server is away; the jobs go on meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextvars import copy_context
from functools import partial

from sweeptree.hosts.lanes.holdings import Holdings
from sweeptree.hosts.lanes.leasing import Leases, Leasing
from sweeptree.hosts.lanes.outbox import Outbox
from sweeptree.hosts.lanes.running import Jobs, has_begun
from sweeptree.hosts.leases.problems import NoSuchSweep, NotJoined
from sweeptree.hosts.leases.wire import MAX_WAIT
from sweeptree.hosts.values import Lane, Leased, Order, Orders
from sweeptree.records import SweepStore

ASK_AGAIN = 2.0  # seconds between two questions for jobs to make ready
BEAT = 5.0  # seconds between two heartbeats, unless there is an order: a quarter of a lease's term
REST = 0.2  # seconds at least between two heartbeats
RECALLED = 4.0  # seconds that a job has to be wanted back: until then it may begin here after all
LOOK = 0.25  # seconds between two looks for commands that have begun

Tell = Callable[[str], None]


class Feeder:
    """Leases jobs, as long as the lane takes more and its disk has room for another one."""

    def __init__(self, leasing: Leasing, holdings: Holdings, has_room: Callable[[], bool]) -> None:
        self.left: int | None = None  # jobs that have not ended anywhere, when last heard
        self._has_room = has_room
        self._got_some = True
        self._leasing = leasing
        self._holdings = holdings

    def step(self) -> None:
        """Ask once, when there is something to ask for. Where there was nothing to be had the last
        time, jobs to make ready are asked for a while later, and jobs for a free slot at once."""
        want = self._holdings.await_want(ASK_AGAIN, ahead=self._got_some)
        if not (want.free or want.ahead):
            return
        if not self._has_room():
            self._holdings.await_end(ASK_AGAIN)
            return
        wait = MAX_WAIT if want.free else 0.0
        granted = self._leasing.lease(want.free, want.ahead, wait)
        self.left = granted.left
        self._holdings.add(granted.leases)
        self._got_some = bool(granted.leases)
        if want.free and not granted.leases:
            self._holdings.await_end(ASK_AGAIN)


class Heart:
    """Keeps the leases alive, and obeys what comes back."""

    def __init__(self, leasing: Leasing, holdings: Holdings, jobs: Jobs) -> None:
        self._heard = time.monotonic()
        self._known = 0
        self._recalled: dict[int, float] = {}
        self._leasing = leasing
        self._holdings = holdings
        self._jobs = jobs

    def step(self) -> None:
        """One beat."""
        orders = self._leasing.beat(self._holdings.named(), self._known, BEAT)
        self._known = orders.version
        self._heard = time.monotonic()
        self._obey(orders)

    def is_away(self, seconds: float) -> bool:
        """Whether nothing was heard for so many seconds."""
        return time.monotonic() - self._heard > seconds

    def _obey(self, orders: Orders) -> None:
        self._holdings.drop(orders.lost)
        self._jobs.end(orders.lost, kill=True)
        self._cancel(orders.cancelled)
        self._hand_back(self._long_recalled(orders.recalled))
        if orders.order is not Order.GO:
            self._begin_no_more()
        if orders.order in (Order.STOP, Order.KILL):
            self._stop(kill=orders.order is Order.KILL)

    def _cancel(self, jobs: Collection[int]) -> None:
        self._holdings.give_back_waiting(jobs)
        running = self._holdings.running()
        wanted = [each for each in running if each.job in jobs]
        self._jobs.end(wanted, kill=False)

    def _long_recalled(self, jobs: Collection[int]) -> list[int]:
        """Those of the jobs that have been wanted back for a while. Where jobs end on all hosts at
        once, slots are free for a moment, and what waits here is about to begin."""
        now = time.monotonic()
        self._recalled = {job: self._recalled.get(job, now) for job in jobs}
        return [job for job, since in self._recalled.items() if now - since >= RECALLED]

    def _hand_back(self, jobs: Collection[int]) -> None:
        """A slot is free elsewhere: what has not begun here begins there."""
        self._holdings.give_back_waiting(jobs)
        ready = [each for each in self._holdings.running() if each.job in jobs]
        self._jobs.hand_back(ready)

    def _begin_no_more(self) -> None:
        """What has begun goes on; all else goes back."""
        self._holdings.close()
        self._holdings.give_back_waiting()
        self._jobs.hold_back(self._holdings.running())

    def _stop(self, *, kill: bool) -> None:
        running = self._holdings.running()
        self._jobs.end(running, kill=kill)


class Teller:
    """Tells what began, what came of it, and what goes back."""

    def __init__(
        self, leasing: Leasing, holdings: Holdings, outbox: Outbox, store: SweepStore, tell: Tell
    ) -> None:
        self._leasing = leasing
        self._holdings = holdings
        self._outbox = outbox
        self._store = store
        self._tell = tell
        self._begun: set[Leased] = set()

    def step(self) -> None:
        """Whatever there is to tell now."""
        self._tell_result()
        returned = self._holdings.take_returned()
        if returned:
            self._leasing.release(returned)
        for leased in self._holdings.running():
            if leased not in self._begun:
                self._tell_begin(leased)

    def _tell_result(self) -> None:
        result = self._outbox.next(LOOK)
        if result is None:
            return
        leased = Leased(result.job, result.attempt)
        verdict = self._leasing.finish(result)
        if not verdict.accepted:
            self._tell(f"job {leased.job}: attempt {leased.attempt} does not count: {verdict.why}")
        self._outbox.told(leased)
        self._holdings.told(leased)

    def _tell_begin(self, leased: Leased) -> None:
        record = self._store.record(leased.job)
        if not has_begun(record, leased.attempt):
            return
        facts = {"start_time": record.start_time, "gpus": list(record.gpus)}
        self._leasing.started(leased, facts)
        self._begun.add(leased)


class Talk:
    """Repeats the steps of these threads until the lane is over.

    `is_known` turns false when the leases know nothing of the sweep any more: then nothing more is
    leased, and what came stays on this host.
    """

    def __init__(self, leases: Leases, holdings: Holdings, lane: Lane, tell: Tell) -> None:
        self.is_known = True
        self._leases = leases
        self._holdings = holdings
        self._lane = lane
        self._tell = tell
        self._said: set[str] = set()
        self._is_leaving = False
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Take over what this lane held in an earlier life. Raises what the leases refuse."""
        self._holdings.add(self._leases.calls.join(self._lane), may_run=True)

    def keep_on(self, name: str, step: Callable[[], None], *, pause: float = 0.0) -> None:
        """Start a thread that repeats a step, with a pause between. It tells what it has to tell in
        the run of its caller."""
        work = partial(copy_context().run, self._work, step, pause)
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def leave(self) -> None:
        """End at the leases. A call that comes behind it must not join again. Raises what the
        leases refuse."""
        self._is_leaving = True
        self._leases.calls.leave()

    def end(self, seconds: float) -> None:
        """Start no further step, and wait so long at most for those that go on."""
        self._over.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, step: Callable[[], None], pause: float) -> None:
        while not self._over.is_set():
            self._try(step)
            self._over.wait(pause)
        self._leases.hang_up()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            try:
                step()
            except NotJoined:
                self._join_again()
        except NoSuchSweep as error:
            self._give_up(error)
        except Exception as error:  # the thread must live: what failed is tried again
            self._say_once(f"{type(error).__name__}: {error}")
            self._over.wait(BEAT)

    def _join_again(self) -> None:
        if self._is_leaving:
            self._over.wait(REST)
        else:
            self.begin()

    def _give_up(self, error: NoSuchSweep) -> None:
        self._say_once(f"{error.message}: what came of the jobs stays on {self._lane.host}")
        self.is_known = False
        self._holdings.close()
        self._over.wait(BEAT)

    def _say_once(self, text: str) -> None:
        """What goes wrong every few seconds would fill the log."""
        if text not in self._said:
            self._said.add(text)
            self._tell(text)
