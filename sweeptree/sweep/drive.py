"""Runs the jobs of a sweep, `parallel` at once, depth-first: a free thread takes the next job
through its whole life.

Hides the threads. It knows neither the engine nor what a job does; `stopping` ends it after the
jobs that run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TypeVar

from sweeptree.errors import SweeptreeError
from sweeptree.sweep.turns import Turns

T = TypeVar("T")


def drive(
    jobs: Iterable[T],
    run_job: Callable[[T], object],
    *,
    parallel: int,
    stopping: threading.Event,
    turns: Turns | None = None,
) -> threading.Event:
    """Start the threads and return at once; the event is set when all have ended.

    With `turns` a job begins only when these allow it, and `run_job` must say when it is `ready`.

    Each thread runs in a copy of the caller's context, so that tasks find the flow run they belong
    to. `run_job` must not raise. Where the user may have no more threads, there are fewer; with
    none, SweeptreeError.
    """
    todo = deque(jobs)
    done = threading.Event()
    left = _Countdown(max(1, min(parallel, len(todo))), done)

    def work() -> None:
        try:
            while todo and _may_begin(stopping, turns):
                _run_next(todo, run_job, turns)
        finally:
            left.down()

    started = [_start(f"job-driver-{n}", work) for n in range(left.count)]
    for _ in range(started.count(False)):
        left.down()
    if not any(started):
        raise _no_threads()
    return done


def _may_begin(stopping: threading.Event, turns: Turns | None) -> bool:
    if stopping.is_set():
        return False
    return turns is None or turns.begin(stopping)


def _run_next(todo: deque[T], run_job: Callable[[T], object], turns: Turns | None) -> None:
    try:
        job = todo.popleft()
    except IndexError:  # another thread was quicker
        if turns is not None:
            turns.ready()
        return
    run_job(job)


def _no_threads() -> SweeptreeError:
    return SweeptreeError(
        "no thread could be started: this user has as many processes as it may",
        hint=(
            "end some, or raise the limit: ulimit -u",
            "then sweeptree resume goes on with what is missing",
        ),
    )


class _Countdown:
    """Sets an event once it has been counted down."""

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
