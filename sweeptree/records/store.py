"""The one writer of a sweep's records, and who that is at the moment.

Hides: how a write survives a crash (write aside, fsync, rename, fsync the folder) and how a job
that plants symlinks is kept from leading us outside (files are written below a folder's handle).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Unpack

from sweeptree.errors import RecordError, Refused
from sweeptree.model import JobState
from sweeptree.records.ledger import Ledger
from sweeptree.records.paths import SweepPaths
from sweeptree.records.read import read_json, read_record
from sweeptree.system import locks
from sweeptree.system.clock import utc_now
from sweeptree.system.files import replace
from sweeptree.system.lacks import is_passing

if TYPE_CHECKING:
    from sweeptree.model import JobRecord
    from sweeptree.model.record import RecordPart

_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | _SAFELY
_MAX_NOTE = 4096
_IN_LEDGER = frozenset({"metrics", "attempts"})


def holder(paths: SweepPaths) -> dict[str, Any] | None:
    """Who drives the sweep now (pid, host, since), or None when nobody holds its lock."""
    if not locks.is_held(paths.lock):
        return None
    try:
        return read_json(paths.lock, limit=_MAX_NOTE)
    except RecordError:
        return {}


class SweepStore:
    """The one writer of a sweep's records.

    Holding it is holding the sweep: a second one is refused. Thread-safe: driver threads update
    different jobs at once.
    """

    def __init__(self, paths: SweepPaths, lock: int) -> None:
        self.paths = paths
        self._lock = lock
        self._root = os.open(paths.root, _OPEN_FOLDER)
        self._ledger = Ledger(paths)
        self._guard = threading.Lock()
        self._records: dict[int, JobRecord] = {}
        self._bears_lack = False
        self._due: dict[int, bytes] = {}

    @classmethod
    def open(cls, paths: SweepPaths) -> SweepStore:
        """Make the folder if need be and take the sweep's lock.

        Raises Refused when that cannot be.
        """
        try:
            lock = _open_lock(paths)
        except OSError as error:
            raise _not_writable(paths, error) from error
        if not locks.lock_or_refuse(lock, paths.lock):
            os.close(lock)
            raise _is_running(paths)
        _sign(lock)
        try:
            return cls(paths, lock)
        except OSError as error:
            os.close(lock)
            raise _not_writable(paths, error) from error

    def bear_lack(self) -> None:
        """From now on keep a record for which the disk has no room in memory, and write it with the
        next one of its job, or at the end: somebody else is told of it all the same."""
        self._bears_lack = True

    def close(self) -> None:
        """Give the sweep back."""
        self._write_due()
        self._ledger.close()
        os.close(self._root)
        os.close(self._lock)

    def __enter__(self) -> SweepStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, index: int, **part: Unpack[RecordPart]) -> JobRecord:
        """Merge `part` into a job's record and write it durably; changes go to the ledger too.

        Raises OSError when the disk refuses (full, read-only), unless `bear_lack` was called; the
        record on disk is then the old one.
        """
        from sweeptree.model.record import SCHEMA_VERSION, JobRecord

        old = self.record(index)
        merged = {**dict(old), "schema_version": SCHEMA_VERSION, **part}
        new = JobRecord.model_validate(merged)
        self._keep(index, new.model_dump_json().encode() + b"\n")
        with self._guard:
            self._records[index] = new
        if new.state != old.state or not _IN_LEDGER.isdisjoint(part):
            self._ledger.note(new)
        return new

    def record(self, index: int) -> JobRecord:
        """The job's record as last written, or an empty one.

        The disk is asked once, because nobody else writes it.
        """
        with self._guard:
            if index not in self._records:
                self._records[index] = self._read(index)
            return self._records[index]

    def mend_ledger(self, records: Iterable[JobRecord]) -> int:
        """Add to the ledger what these records say and it does not; how many."""
        return self._ledger.mend(records)

    def _read(self, index: int) -> JobRecord:
        from sweeptree.model import JobRecord

        path = self.paths.record(index)
        try:
            return read_record(path)
        except RecordError:
            self._put_aside(path.name)
            return JobRecord(id=index, state=JobState.PLANNED)

    def _keep(self, index: int, data: bytes) -> None:
        self._due.pop(index, None)
        try:
            self._write(self.paths.record(index).name, data)
        except OSError as error:
            if not (self._bears_lack and is_passing(error)):
                raise
            self._due[index] = data

    def _write_due(self) -> None:
        for index, data in self._due.items():
            with contextlib.suppress(OSError):
                self._write(self.paths.record(index).name, data)

    def _write(self, name: str, data: bytes) -> None:
        try:
            replace(self._root, name, data, durable=True)
        except IsADirectoryError:  # a job's doing
            self._put_aside(name)
            replace(self._root, name, data, durable=True)

    def _put_aside(self, name: str) -> None:
        """Keep what stands in the place of a record and is none as NAME.corrupt, for a look."""
        names = (f"{name}.corrupt{n or ''}" for n in itertools.count())
        aside = next(found for found in names if not os.path.lexists(self.paths.root / found))
        with contextlib.suppress(FileNotFoundError):
            os.rename(name, aside, src_dir_fd=self._root, dst_dir_fd=self._root)


def _open_lock(paths: SweepPaths) -> int:
    paths.root.mkdir(parents=True, exist_ok=True)
    paths.state.mkdir(exist_ok=True)
    return os.open(paths.lock, os.O_RDWR | os.O_CREAT | _SAFELY, 0o644)


def _sign(lock: int) -> None:
    """Write into the lock who holds it."""
    who = {"pid": os.getpid(), "host": os.uname().nodename, "since": utc_now()}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(who).encode(), 0)


def _not_writable(paths: SweepPaths, error: OSError) -> Refused:
    return Refused(
        f"{paths.root} cannot be written: {error.strerror}",
        hint="choose another place with --results_dir",
    )


def _is_running(paths: SweepPaths) -> Refused:
    name = paths.root.name
    return Refused(
        f"a sweep named {name} is running here",
        hint=(f"sweeptree status {name}", "or choose another --exp_name"),
    )
