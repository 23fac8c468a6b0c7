"""Beside a running sweep: obeys a cancel and the time limit.

A cancel comes from a file in the results (Ctrl-C, `sweeptree cancel`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from sweeptree.errors import RecordError
from sweeptree.model import StopCause
from sweeptree.records import read_bytes
from sweeptree.sweep.running import Sweep

LOOK_SECONDS = 0.2
_LONGEST_WORD = 64
_KILL = b"kill"


@contextlib.contextmanager
def obeyed(sweep: Sweep) -> Iterator[None]:
    """A thread obeys the orders meanwhile."""
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(sweep, over), name="sweep-orders", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(sweep: Sweep, over: threading.Event) -> None:
    limit = sweep.spec.time_limit
    end = time.monotonic() + limit if limit else None
    while not over.wait(LOOK_SECONDS):
        if end is not None and time.monotonic() >= end:
            sweep.stop.stop(StopCause.TIME_LIMIT)
            end = None
        _obey_cancel(sweep)


def _obey_cancel(sweep: Sweep) -> None:
    try:
        word = read_bytes(sweep.paths.cancel, limit=_LONGEST_WORD).strip()
    except RecordError:  # nobody has asked
        return
    sweep.stop.stop(StopCause.CANCELLED, kill=word == _KILL)
