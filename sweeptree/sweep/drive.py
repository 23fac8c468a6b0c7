"""Runs the jobs of a sweep, `parallel` at once, depth-first: a free thread takes the next job
through its whole life. The jobs are known from the beginning, or come one by one.

Hides the threads. It knows neither the engine nor what a job does; `stopping` ends it after the
jobs that run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import Protocol, TypeVar

from sweeptree.errors import SweeptreeError
from sweeptree.sweep.turns import Turns

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Where jobs come from. Thread-safe."""

    def has_more(self) -> bool:
        """Whether another job may come."""

    def take(self) -> T_co | None:
        """The next job, waited for where it is still to come; None when there is none."""


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
    given = _Given(jobs)
    threads = max(1, min(parallel, given.count))
    return drive_from(given, run_job, parallel=threads, stopping=stopping, turns=turns)


def drive_from(
    source: Source[T],
    run_job: Callable[[T], object],
    *,
    parallel: int,
    stopping: threading.Event,
    turns: Turns | None = None,
) -> threading.Event:
    """The same for jobs that come one by one; a source that is waited for ends when asked to."""
    done = threading.Event()
    left = _Countdown(parallel, done)

    def work() -> None:
        try:
            while source.has_more() and _may_begin(stopping, turns):
                _run_next(source, run_job, turns)
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


def _run_next(source: Source[T], run_job: Callable[[T], object], turns: Turns | None) -> None:
    job = source.take()
    if job is not None:
        run_job(job)
    elif turns is not None:
        turns.ready()


class _Given(Source[T]):
    """Jobs that are all known from the beginning."""

    def __init__(self, jobs: Iterable[T]) -> None:
        self._todo = deque(jobs)
        self.count = len(self._todo)

    def has_more(self) -> bool:
        return bool(self._todo)

    def take(self) -> T | None:
        try:
            return self._todo.popleft()
        except IndexError:  # another thread was quicker
            return None


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
