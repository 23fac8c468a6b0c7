"""The aggregates of a sweep while it runs, rewritten after every job at a bounded cost."""

from __future__ import annotations

import threading
import time

from sweeptree.analysis.aggregate.rows import make_row, read_plan, read_rows, with_configs
from sweeptree.analysis.aggregate.writing import Contents, not_written, write_files
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths

_REST_PER_COST = 20.0
_LEAST_WAIT = 0.01


class Incremental:
    """The aggregates of a sweep that runs: `add` each job's record, and the files follow.

    A write costs time in proportion to the sweep, so the next one waits until 20 times the last
    one's CPU time has passed: some 0.3 s for a small sweep, seconds for 10,000 jobs, at most 5 % of
    a core in all. A write that had to wait is made up by a timer, and `close` always writes.
    Thread-safe.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._plan = read_plan(paths)
        self._rows = read_rows(paths, self._plan)
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        self._changed = False
        self._closed = False
        self._next = 0.0
        self._timer: threading.Timer | None = None

    def add(self, record: JobRecord) -> None:
        """Take a job's record, and write unless the last write was just now."""
        row = make_row(self._paths, self._plan, record)
        with self._guard:
            self._rows[record.id] = row
            self._changed = True
        self.write()

    def write(self) -> bool:
        """Write if something changed and it is time, else see to it; True when written."""
        if not self._writer.acquire(blocking=False):
            return False
        try:
            with self._guard:
                wait = self._next - time.monotonic()
                if self._closed or not self._changed:
                    return False
            return wait <= 0 and self._write_now()
        finally:
            self._writer.release()
            self._remember()

    def _write_now(self) -> bool:
        """Write; the caller holds `_writer`. A disk that refuses is tried again later."""
        started = time.thread_time()
        try:
            self._write(durable=False)
        except OSError:
            return False
        finally:
            self._next = time.monotonic() + _REST_PER_COST * (time.thread_time() - started)
        return True

    def _write(self, *, durable: bool) -> None:
        with self._guard:
            self._changed = False
            rows = [self._rows[index] for index in sorted(self._rows)]
        try:
            contents = Contents.of(self._plan, with_configs(rows))
            write_files(self._paths, contents, durable=durable, at_once=True)
        except OSError:
            self._changed = True
            raise

    def _remember(self) -> None:
        """Set a timer for what has not been written yet."""
        with self._guard:
            is_waiting = self._timer is not None and self._timer.is_alive()
            if self._closed or not self._changed or is_waiting:
                return
            wait = max(_LEAST_WAIT, self._next - time.monotonic())
            self._timer = threading.Timer(wait, self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        with self._guard:
            self._timer = None
        self.write()

    def close(self) -> None:
        """Write the last state durably.

        Raises SweeptreeError when the disk refuses; the records are complete.
        """
        with self._guard:
            self._closed = True
            if self._timer:
                self._timer.cancel()
        with self._writer:
            self._plan = read_plan(self._paths)
            try:
                self._write(durable=True)
            except OSError as error:
                raise not_written(self._paths, error) from error
