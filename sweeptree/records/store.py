"""results/<sweep>/: every path in it, and the only code that writes its records.

Hides: how a write survives a crash (write aside, fsync, rename, fsync the folder), how a job that
plants symlinks is kept from leading us outside (everything is opened below a folder handle, never
followed), and the append-only ledger that makes `status` quick. The records are the truth; the
ledger can be made anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError, Refused
from sweeptree.model import SCHEMA_VERSION, JobRecord, JobState
from sweeptree.system.clock import utc_now
from sweeptree.system.files import replace

MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_SWEEP_BYTES = 1024 * 1024 * 1024
_ATTEMPT_FILE = re.compile(r"job_(\d{1,9})\.(\d{1,9})\.(?:alive|outcome|started)(?:\.\w{1,9})?")
_NOFOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class SweepPaths:
    """Every path of one sweep's results. `root` is results/<sweep>."""

    root: Path

    @property
    def sweep(self) -> Path:
        """The spec as understood, the commit, host, versions, times and exit code."""
        return self.root / "sweep.json"

    @property
    def summary(self) -> Path:
        """The seed's summary: exp_name, commands, exit_codes, timestamp."""
        return self.root / "summary.json"

    @property
    def state(self) -> Path:
        """Our own files: lock, ledger, what the keepers write. Not part of the contract."""
        return self.root / ".state"

    @property
    def lock(self) -> Path:
        """Flocked by the process that drives the sweep."""
        return self.state / "lock"

    @property
    def ledger(self) -> Path:
        """One line per state change, appended."""
        return self.state / "ledger.ndjson"

    @property
    def cancel(self) -> Path:
        """Exists once somebody has asked for the sweep to be cancelled; holds `term` or `kill`."""
        return self.state / "cancel"

    @property
    def aggregated_json(self) -> Path:
        """All jobs, groups and the leaderboard."""
        return self.root / "aggregated.json"

    @property
    def aggregated_csv(self) -> Path:
        """One row per job."""
        return self.root / "aggregated.csv"

    @property
    def groups_csv(self) -> Path:
        """One row per config."""
        return self.root / "groups.csv"

    @property
    def report(self) -> Path:
        """The page that shows it all."""
        return self.root / "report.html"

    def record(self, index: int) -> Path:
        """The record of a job."""
        return self.root / f"job_{index}.meta.json"

    def log(self, index: int) -> Path:
        """stdout and stderr of a job, raw."""
        return self.root / f"job_{index}.log"

    def metrics(self, index: int) -> Path:
        """What the job wrote to $SWEEPTREE_METRICS."""
        return self.root / f"job_{index}.metrics.jsonl"

    def out(self, index: int) -> Path:
        """The job's own folder ($SWEEPTREE_OUT)."""
        return self.root / f"job_{index}"

    def artifacts(self, index: int) -> Path:
        """Where the files that a job made are kept."""
        return self.out(index) / "artifacts"

    def attempt(self, index: int, number: int, what: str) -> Path:
        """A file of one attempt: `alive`, `started`, `outcome` or `launch`."""
        return self.state / f"job_{index}.{number}.{what}"

    @property
    def mark(self) -> str:
        """What tells the launches of this sweep from those of one of the same name elsewhere; 8 hex
        digits."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:8]

    def launch_name(self, index: int, number: int, suffix: str = "") -> str:
        """exp:job.attempt@where: unlike any other launch here, also of a sweep of the same name
        elsewhere."""
        return f"{self.root.name}:{index}.{number}@{self.mark}{suffix}"


def read_bytes(path: Path, *, limit: int = MAX_RECORD_BYTES) -> bytes:
    """Read a small regular file without following a link in its last part.

    Raises RecordError, saying why.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NOFOLLOW)
    except OSError as error:
        raise RecordError(
            f"{path.name} cannot be read: {error.strerror}", path=str(path)
        ) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise RecordError(f"{path.name} is not a file", path=str(path))
    with os.fdopen(file, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise RecordError(f"{path.name} is larger than {limit} bytes", path=str(path))
    return data


def read_json(path: Path, *, limit: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """Read a JSON object.

    Raises RecordError when it is missing, too large, torn or not an object.
    """
    try:
        value = json.loads(read_bytes(path, limit=limit))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path.name} is not JSON: {error}", path=str(path)) from error
    if not isinstance(value, dict):
        raise RecordError(f"{path.name} holds no JSON object", path=str(path))
    return value


def read_sweep(paths: SweepPaths) -> dict[str, Any]:
    """What sweep.json says of a sweep. Raises RecordError."""
    return read_json(paths.sweep, limit=MAX_SWEEP_BYTES)


def read_record(path: Path) -> JobRecord:
    """Read one record. Raises RecordError when it is missing, torn or not a record."""
    value = read_json(path)
    try:
        return JobRecord.model_validate(value)
    except ValueError as error:
        first = str(error).splitlines()[:3]
        raise RecordError(
            f"{path.name} is not a record: {' '.join(first)}", path=str(path)
        ) from error


def record_indices(paths: SweepPaths) -> list[int]:
    """The numbers of the jobs that have a record, in order; gaps are allowed."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(paths.root) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("job_") and name.endswith(".meta.json"):
                number = name[4 : -len(".meta.json")]
                if number.isascii() and number.isdigit():
                    found.append(int(number))
    return sorted(found)


def last_attempts(paths: SweepPaths) -> dict[int, int]:
    """The highest attempt of each job that has left a file, whether or not its record knows of it."""
    found: dict[int, int] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(paths.state) as entries:
        for entry in entries:
            if match := _ATTEMPT_FILE.fullmatch(entry.name):
                index, number = int(match[1]), int(match[2])
                found[index] = max(found.get(index, 0), number)
    return found


def read_ledger(paths: SweepPaths) -> dict[int, dict[str, Any]]:
    """The latest line per job. A torn last line (a crash while it was written) is skipped."""
    latest: dict[int, dict[str, Any]] = {}
    try:
        data = read_bytes(paths.ledger, limit=1024 * 1024 * 1024)
    except RecordError:
        return latest
    for line in data.splitlines():
        try:
            entry = json.loads(line)
            latest[int(entry["id"])] = {**latest.get(int(entry["id"]), {}), **entry}
        except (ValueError, KeyError, TypeError):
            continue
    return latest


def holder(paths: SweepPaths) -> dict[str, Any] | None:
    """Who drives the sweep now (pid, host, since), or None when nobody holds its lock."""
    try:
        file = os.open(paths.lock, os.O_RDONLY | _NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            value = json.loads(os.pread(file, 4096, 0) or b"{}")
        except ValueError:
            value = {}
        return value if isinstance(value, dict) else {}
    finally:
        os.close(file)
    return None


class SweepStore:
    """The one writer of a sweep's records.

    Holding it is holding the sweep: a second one is refused.

    Thread-safe: driver threads update different jobs at once.
    """

    def __init__(self, paths: SweepPaths, lock: int) -> None:
        self.paths = paths
        self._lock = lock
        self._root = os.open(paths.root, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)
        self._ledger = os.open(
            paths.ledger, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NOFOLLOW, 0o644
        )
        self._torn = not _ends_whole(self._ledger)
        self._late: dict[int, bytes] = {}
        self._guard = threading.Lock()
        self._records: dict[int, JobRecord] = {}

    @classmethod
    def open(cls, paths: SweepPaths) -> SweepStore:
        """Make the folder if need be and take the sweep's lock.

        Raises Refused when that cannot be.
        """
        try:
            paths.root.mkdir(parents=True, exist_ok=True)
            paths.state.mkdir(exist_ok=True)
            lock = os.open(paths.lock, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o644)
        except OSError as error:
            raise Refused(
                f"{paths.root} cannot be written: {error.strerror}",
                hint="choose another place with --results_dir",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Refused(
                f"a sweep named {paths.root.name} is running here",
                hint=(f"sweeptree status {paths.root.name}", "or choose another --exp_name"),
            ) from None
        who = {"pid": os.getpid(), "host": os.uname().nodename, "since": utc_now()}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(who).encode(), 0)
        try:
            return cls(paths, lock)
        except OSError as error:
            os.close(lock)
            raise Refused(
                f"{paths.root} cannot be written: {error.strerror}",
                hint="choose another place with --results_dir",
            ) from error

    def close(self) -> None:
        """Give the sweep back."""
        self._append()
        for file in (self._ledger, self._root, self._lock):
            os.close(file)

    def __enter__(self) -> SweepStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, index: int, **fields: Any) -> JobRecord:
        """Merge `fields` into a job's record and write it durably; a change of state goes to the
        ledger too.

        Raises OSError when the disk refuses (full, read-only); the record on disk is then the old
        one.
        """
        with self._guard:
            old = self._known(index)
            new = JobRecord.model_validate(
                {**dict(old), "schema_version": SCHEMA_VERSION, **fields}
            )
        data = new.model_dump_json(exclude_none=False).encode() + b"\n"
        self._write(self.paths.record(index).name, data)
        with self._guard:
            self._records[index] = new
        if new.state != old.state or "metrics" in fields or "attempts" in fields:
            self._note(new)
        return new

    def record(self, index: int) -> JobRecord:
        """The job's record as last written, or an empty one."""
        with self._guard:
            return self._known(index)

    def _known(self, index: int) -> JobRecord:
        """The job's record; the caller holds `_guard`.

        The disk is asked once, because nobody else writes it.
        """
        if index not in self._records:
            self._records[index] = self._read(index)
        return self._records[index]

    def _read(self, index: int) -> JobRecord:
        path = self.paths.record(index)
        try:
            return read_record(path)
        except RecordError:
            self._put_aside(path.name)
            return JobRecord(id=index, state=JobState.PLANNED)

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

    def mend_ledger(self, records: Iterable[JobRecord]) -> int:
        """Tell the ledger what these records say and it does not (after a power cut or a full
        disk); how many."""
        missing = lacking(self.paths, records)
        for record in missing:
            self._note(record)
        return len(missing)

    def _note(self, record: JobRecord) -> None:
        line = json.dumps(
            _ledger_entry(record), ensure_ascii=False, separators=(",", ":"), default=str
        )
        with self._guard:
            self._late[record.id] = line.encode() + b"\n"
        self._append()

    def _append(self) -> None:
        """Append what is due.

        The records are the truth: a full disk only leaves it for the next time.
        """
        with self._guard, contextlib.suppress(OSError):
            if not self._late:
                return
            data = b"\n" * self._torn + b"".join(self._late.values())
            self._torn = os.write(self._ledger, data) < len(data)
            if not self._torn:
                self._late.clear()


def _ends_whole(ledger: int) -> bool:
    size = os.fstat(ledger).st_size
    return size == 0 or os.pread(ledger, 1, size - 1) == b"\n"


def lacking(paths: SweepPaths, records: Iterable[JobRecord]) -> list[JobRecord]:
    """Those of the records whose state the ledger does not know."""
    told = read_ledger(paths)
    return [record for record in records if _differs(told.get(record.id, {}), record)]


def _differs(told: Mapping[str, Any], record: JobRecord) -> bool:
    entry = _ledger_entry(record)
    return any(told.get(name) != entry[name] for name in ("state", "attempt"))


def _ledger_entry(record: JobRecord) -> Mapping[str, Any]:
    return {
        "id": record.id,
        "state": record.state,
        "attempt": max((attempt.number for attempt in record.attempts), default=1),
        "at": utc_now(),
        "config_id": record.config_id,
        "seed": record.seed,
        "exit_code": record.exit_code,
        "reason": record.reason,
        "start_time": record.start_time,
        "duration_seconds": record.duration_seconds,
        "gpus": record.gpus,
        "metrics": record.metrics,
    }


def iter_sweeps(results_dir: Path) -> Iterator[SweepPaths]:
    """The sweeps below a results folder, by name."""
    with contextlib.suppress(OSError):
        for entry in sorted(results_dir.iterdir()):
            if (
                entry.is_dir()
                and not entry.is_symlink()
                and any((entry / n).exists() for n in ("sweep.json", "summary.json"))
            ):
                yield SweepPaths(entry)
