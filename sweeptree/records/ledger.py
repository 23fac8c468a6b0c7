"""The append-only ledger that makes `status` quick: one line per change of a job's state.

The records are the truth; the ledger may lag behind them and can be made anew from them.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sweeptree.errors import RecordError
from sweeptree.model import JobState
from sweeptree.records.paths import SweepPaths
from sweeptree.records.read import MAX_SWEEP_BYTES, read_bytes
from sweeptree.system.clock import utc_now

if TYPE_CHECKING:
    from sweeptree.model import JobRecord

_OPEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Ledger:
    """The ledger of a sweep, open for appending. Thread-safe."""

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._file = os.open(paths.ledger, _OPEN, 0o644)
        self._torn = not _ends_whole(self._file)
        self._due: dict[int, bytes] = {}
        self._guard = threading.Lock()

    def note(self, record: JobRecord) -> None:
        """Append what the record says now; a full disk leaves it for the next time."""
        entry = _entry(record)
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str)
        with self._guard:
            self._due[record.id] = line.encode() + b"\n"
        self.append()

    def append(self) -> None:
        """Append what is due. The records are the truth, so a refusing disk is no error."""
        with self._guard, contextlib.suppress(OSError):
            if not self._due:
                return
            data = b"\n" * self._torn + b"".join(self._due.values())
            self._torn = os.write(self._file, data) < len(data)
            if not self._torn:
                self._due.clear()

    def mend(self, records: Iterable[JobRecord]) -> int:
        """Add what these records say and the ledger does not (after a power cut); how many."""
        missing = lacking(self._paths, records)
        for record in missing:
            self.note(record)
        return len(missing)

    def close(self) -> None:
        """Try once more to append what is due, and close the file."""
        self.append()
        os.close(self._file)


def read_ledger(paths: SweepPaths) -> dict[int, dict[str, Any]]:
    """The latest line per job. A torn last line (a crash while it was written) is skipped."""
    try:
        data = read_bytes(paths.ledger, limit=MAX_SWEEP_BYTES)
    except RecordError:
        return {}
    latest: dict[int, dict[str, Any]] = {}
    for line in data.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            index = int(entry["id"])
            latest[index] = {**latest.get(index, {}), **entry}
    return latest


def lacking(paths: SweepPaths, records: Iterable[JobRecord]) -> list[JobRecord]:
    """Those of the records whose state the ledger does not know."""
    known = read_ledger(paths)
    return [record for record in records if _differs(known.get(record.id, {}), record)]


def _differs(known: Mapping[str, Any], record: JobRecord) -> bool:
    if not known and record.state is JobState.PLANNED:
        return False  # a job that never began has nothing to tell
    return known.get("state") != record.state or known.get("attempt") != _attempt(record)


def _attempt(record: JobRecord) -> int:
    return max((attempt.number for attempt in record.attempts), default=1)


def _entry(record: JobRecord) -> Mapping[str, object]:
    return {
        "id": record.id,
        "state": record.state,
        "attempt": _attempt(record),
        "at": utc_now(),
        "config_id": record.config_id,
        "seed": record.seed,
        "exit_code": record.exit_code,
        "reason": record.reason,
        "start_time": record.start_time,
        "duration_seconds": record.duration_seconds,
        "gpus": record.gpus,
        "host": record.host,
        "metrics": record.metrics,
        "diverged": record.diverged,
    }


def _ends_whole(ledger: int) -> bool:
    size = os.fstat(ledger).st_size
    return size == 0 or os.pread(ledger, 1, size - 1) == b"\n"
