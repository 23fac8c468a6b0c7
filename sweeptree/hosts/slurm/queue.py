"""What the cluster's queue says of a sweep's tasks, looked at now and then by one thread; and
orders to the queue, repeated until they are heard.

Hides: a controller that is away for a while (nothing is known then, and nothing is over); tasks
that Slurm holds, or delays, although nothing keeps them from running.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from sweeptree.errors import SweeptreeError
from sweeptree.hosts.slurm import cluster
from sweeptree.hosts.slurm.arrays import Array, Place, Task
from sweeptree.hosts.slurm.cluster import TaskState
from sweeptree.supervise.tree import KILL_NOW
from sweeptree.sweep.running import Sweep
from sweeptree.sweep.stopping import StopSwitch

REVOKED = 2.0  # seconds in which a node can take a task that starts again for the one that ended
PERIOD = 1.0
_LOAD = 20.0  # at most so small a part of our time is spent in asking
_RELEASES = 3
_FORGOTTEN = TaskState("COMPLETED", "forgotten by Slurm", "")
_TERM: tuple[tuple[str, ...], ...] = ((),)
_KILL = (("--batch", f"--signal={KILL_NOW.name.removeprefix('SIG')}"), ())
_NO_MORE = (("--state=PENDING",),)


def orders_to_end(*, kill: bool) -> tuple[tuple[str, ...], ...]:
    """The words of each scancel that ends tasks, in order."""
    return _KILL if kill else _TERM


class Queue:
    """The queue as far as it is about these arrays.

    `is_done` says whether a job's outcome stands on disk, so that its task need not run (again);
    `has_begun`, whether a keeper has begun with it.
    """

    def __init__(
        self,
        stop: StopSwitch,
        is_done: Callable[[Place], bool],
        has_begun: Callable[[Place], bool],
    ) -> None:
        self._stop = stop
        self._is_done = is_done
        self._has_begun = has_begun
        self._arrays: dict[str, Array] = {}
        self._known: dict[str, TaskState] = {}
        self._looks = 0
        self._unseen_until: dict[str, int] = {}
        self._released: Counter[str] = Counter()
        self._delayed_since: dict[str, float] = {}
        self._order: tuple[tuple[str, ...], ...] | None = None
        self._guard = threading.Lock()
        self._asking = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="slurm-queue", daemon=True)
        self.trouble: str | None = None

    def __enter__(self) -> Queue:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def add(self, arrays: Iterable[Array]) -> None:
        """Watch these too."""
        with self._guard:
            for array in arrays:
                if array.number is not None:
                    self._arrays[array.number] = array
                    under_way = self._asking.locked()  # that look may know nothing of it
                    self._unseen_until[array.number] = self._looks + under_way

    def look(self, task: str, since: int = 0) -> TaskState | None:
        """What the queue says of a task; None while that is not known, or only from a look at or
        before number `since`."""
        array = task.partition("_")[0]
        with self._guard:
            if self._looks <= max(since, self._unseen_until.get(array, 0)):
                return None
            return self._known.get(task, _FORGOTTEN)

    @property
    def looks(self) -> int:
        """How often the queue has been looked at."""
        with self._guard:
            return self._looks

    @property
    def is_idle(self) -> bool:
        """Whether at the last look none of the tasks was left to run."""
        with self._guard:
            looked, arrays = self._looks > 0, list(self._arrays.values())
        tasks = [task for array in arrays for task in array.tasks()]
        return looked and all(self._needs_nothing(task) for task in tasks)

    def _needs_nothing(self, task: Task) -> bool:
        state = self._known.get(task.name, _FORGOTTEN)
        return state.is_over or self._is_done(task.place)

    # Orders, as the stop switch gives them

    def stop(self) -> None:
        """Have all tasks asked to end. Returns at once."""
        self._order = self._order or _TERM

    def kill(self) -> None:
        """Have all tasks killed. Returns at once."""
        self._order = _KILL

    def refresh(self) -> None:
        """Look now. Raises SweeptreeError."""
        with self._asking:
            with self._guard:
                numbers = list(self._arrays)
            found = cluster.tasks(numbers) if numbers else {}
            with self._guard:
                self._known = found
                self._looks += 1

    def _watch(self) -> None:
        pause, obeyed = PERIOD, None
        while not self._over.wait(pause):
            began = time.monotonic()
            try:
                obeyed = self._obey(obeyed)
                self.refresh()
                self._mend()
                self.trouble = None
            except SweeptreeError as error:
                self.trouble = error.message
            pause = max(PERIOD, (time.monotonic() - began) * _LOAD)

    def _obey(self, obeyed: object) -> object:
        """Hand an order on, unless that has been done; what was obeyed last."""
        order = self._order
        if order is None and self._stop.stopping.is_set():
            order = _NO_MORE
        if order is not None and order != obeyed:
            with self._guard:
                numbers = list(self._arrays)
            for words in order:
                cluster.cancel(numbers, *words)
        return order

    def _mend(self) -> None:
        """Let go on what Slurm keeps back, and take away what need not run."""
        self._note_delayed()
        for array in list(self._arrays.values()):
            for task in array.tasks():
                state = self._known.get(task.name)
                if state is not None and (state.is_held or state.is_delayed):
                    self._mend_one(task, state)

    def _note_delayed(self) -> None:
        """Since when tasks have waited for their time."""
        now, before = time.monotonic(), self._delayed_since
        delayed = [name for name, state in self._known.items() if state.is_delayed]
        self._delayed_since = {name: before.get(name, now) for name in delayed}

    def _mend_one(self, task: Task, state: TaskState) -> None:
        name = task.name
        if self._is_done(task.place):
            cluster.cancel([name])
        elif self._may_start(task, state):
            self._released[name] += 1
            _ = cluster.release(name) if state.is_held else cluster.start_now(name)

    def _may_start(self, task: Task, state: TaskState) -> bool:
        if self._is_meant(task, state) or self._released[task.name] >= _RELEASES:
            return False
        return not (state.is_delayed and self._is_too_early(task.name))

    def _is_too_early(self, name: str) -> bool:
        """Whether its node could refuse it ("Job credential revoked"), and Slurm call it failed.

        Nodes tell the credentials of two starts apart by the second in which they were made.
        """
        now = time.monotonic()
        return now - self._delayed_since.get(name, now) < REVOKED

    def _is_meant(self, task: Task, state: TaskState) -> bool:
        """Whether people want it to wait: they hold it, or it is to begin later (`--begin`)."""
        if state.is_held:
            return state.is_held_by_people
        return not self._has_begun(task.place)


def patiently(act: Callable[[], None], sweep: Sweep) -> bool:
    """Repeat what the controller was too far away for; False when the sweep is to stop instead."""
    told = False
    while not sweep.stop.stopping.is_set():
        try:
            act()
            return True
        except cluster.ClusterAway as error:
            if not told:
                sweep.say(f"Slurm does not answer ({error.message}): waiting for it")
            told = True
        sweep.stop.stopping.wait(PERIOD)
    return False
