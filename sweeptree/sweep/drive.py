"""Runs the jobs of a sweep, `parallel` at once, depth-first: a free thread takes the next job
through its whole chain.

Hides the threads, and who may run its command when more chains are under way than commands may run.
It knows neither the engine nor what a chain does; `stopping` ends it after the chains that run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TypeVar

from sweeptree.errors import SweeptreeError

T = TypeVar("T")
LOOK_SECONDS = 0.2  # between looks at a stop


def drive(
    jobs: Iterable[T],
    run_chain: Callable[[T], object],
    *,
    parallel: int,
    stopping: threading.Event,
    turns: Turns | None = None,
) -> threading.Event:
    """Start the threads and return at once; the event is set when all have ended.

    With `turns` a chain begins only when these allow it, and `run_chain` must say when it is
    `ready`.

    Each thread runs in a copy of the caller's context, so that tasks find the flow run they belong
    to. `run_chain` must not raise. Where the user may have no more threads, there are fewer; with
    none, SweeptreeError.
    """
    todo = deque(jobs)
    done = threading.Event()
    left = _Countdown(max(1, min(parallel, len(todo))), done)

    def work() -> None:
        try:
            while todo and not stopping.is_set() and (turns is None or turns.begin(stopping)):
                try:
                    job = todo.popleft()
                except IndexError:
                    if turns is not None:
                        turns.ready()
                    return
                run_chain(job)
        finally:
            left.down()

    started = [_start(f"job-driver-{n}", work) for n in range(left.count)]
    for _ in range(started.count(False)):
        left.down()
    if not any(started):
        raise SweeptreeError(
            "no thread could be started: this user has as many processes as it may",
            hint=(
                "end some, or raise the limit: ulimit -u",
                "then sweeptree resume goes on with what is missing",
            ),
        )
    return done


class _Countdown:
    """Sets an event when it has been told so often."""

    def __init__(self, count: int, done: threading.Event) -> None:
        self.count = count
        self._left = count
        self._done = done
        self._guard = threading.Lock()

    def down(self) -> None:
        with self._guard:
            self._left -= 1
            if not self._left:
                self._done.set()


def _start(name: str, work: Callable[[], None]) -> bool:
    """Start a thread in a copy of the caller's context.

    False where the user may have no more of them.
    """
    thread = threading.Thread(target=copy_context().run, args=(work,), name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


class Turns:
    """The right to run a command: `count` at once, first come first served.

    Up to `ahead` chains beyond that make their worktree ready meanwhile, so that an ended command's
    successor starts at once, not only when all that follows the ended one is written. While turns
    are free no more chains begin than there are turns: with one turn, jobs run in their order.
    """

    def __init__(self, count: int, ahead: int = 0) -> None:
        self._changed = threading.Condition()
        self._free = count
        self._ahead = ahead
        self._preparing = 0
        self._waiting: deque[object] = deque()

    def begin(self, stopping: threading.Event) -> bool:
        """Wait until another chain may make itself ready. False when the sweep is to stop."""
        with self._changed:
            while not stopping.is_set():
                if self._preparing < max(self._free, self._ahead):
                    self._preparing += 1
                    return True
                self._changed.wait(LOOK_SECONDS)
        return False

    def ready(self) -> None:
        """A chain that began has a turn, or has ended without one."""
        with self._changed:
            self._preparing -= 1
            self._changed.notify_all()

    def take(self, stopping: threading.Event) -> bool:
        """Wait for a turn. False, and none is taken, when the sweep is to stop."""
        mine = object()
        with self._changed:
            self._waiting.append(mine)
            while not stopping.is_set():
                if self._free and self._waiting[0] is mine:
                    self._waiting.popleft()
                    self._free -= 1
                    self._changed.notify_all()
                    return True
                self._changed.wait(LOOK_SECONDS)
            self._waiting.remove(mine)
            self._changed.notify_all()
        return False

    def take_at_once(self) -> bool:
        """A turn if there is one: for a command that runs already."""
        with self._changed:
            if not self._free:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """End a turn; the one who has waited longest gets it."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()
