"""Runs the jobs of a sweep, `parallel` at once, depth-first: a free thread takes the next job through its whole chain.

Hides the threads. It knows neither the engine nor what a chain does; `stopping` ends it after the chains that run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def drive(
    jobs: Iterable[T], run_chain: Callable[[T], object], *, parallel: int, stopping: threading.Event
) -> threading.Event:
    """Start the threads and return at once; the event is set when all have ended.

    Each thread runs in a copy of the caller's context, so that tasks find the flow run they belong to.
    `run_chain` must not raise.
    """
    todo = deque(jobs)
    done = threading.Event()
    left = threading.Semaphore(0)

    def work() -> None:
        try:
            while not stopping.is_set():
                try:
                    job = todo.popleft()
                except IndexError:
                    return
                run_chain(job)
        finally:
            left.release()

    threads = [
        threading.Thread(target=copy_context().run, args=(work,), name=f"job-driver-{n}", daemon=True)
        for n in range(max(1, min(parallel, len(todo))))
    ]

    def wait() -> None:
        for _ in threads:
            left.acquire()
        done.set()

    for thread in threads:
        thread.start()
    threading.Thread(target=wait, name="job-driver-end", daemon=True).start()
    return done
