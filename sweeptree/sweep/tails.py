"""The ends of files that grow while a sweep runs: its ledger, logs, metrics.

Hides how links and devices in their place are kept from leading us elsewhere.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from sweeptree.records import SweepPaths

_TAIL_CHUNK = 4 * 1024 * 1024
_NOTICES_TAIL = 16 * 1024
_NOTICES = 3


class _Tail:
    """Reads what has been appended to a file of JSON lines since the last call, whole lines only;
    those where `key` is of this type."""

    def __init__(self, path: Path, key: str, kind: type) -> None:
        self._path = path
        self._key = key
        self._kind = kind
        self._offset = 0
        self._rest = b""

    def read(self) -> list[dict[str, Any]]:
        """The new entries, at most a few thousand at a time; none before the file exists."""
        data = read_from(self._path, self._offset, _TAIL_CHUNK)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        entries = map(_entry, lines)
        return [entry for entry in entries if isinstance(entry.get(self._key), self._kind)]


class LedgerTail(_Tail):
    """What is new in a sweep's ledger."""

    def __init__(self, paths: SweepPaths) -> None:
        super().__init__(paths.ledger, "id", int)


class NoticeTail(_Tail):
    """What is new of that which people should know of a sweep: `text`, and `at`, its time."""

    def __init__(self, paths: SweepPaths) -> None:
        super().__init__(paths.notices, "text", str)


def last_notices(paths: SweepPaths) -> tuple[dict[str, Any], ...]:
    """The last few of a sweep's notices, the oldest first."""
    lines = read_tail(paths.notices, _NOTICES_TAIL).split(b"\n")
    found = [entry for entry in map(_entry, lines) if isinstance(entry.get("text"), str)]
    return tuple(found[-_NOTICES:])


def _entry(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def read_from(path: Path, offset: int, limit: int) -> bytes:
    """At most `limit` bytes of a regular file from `offset` on; nothing of a link or a device."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.pread(file, limit, offset) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)


def read_tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a regular file, as `read_from`."""
    try:
        size = path.lstat().st_size
    except OSError:
        return b""
    return read_from(path, max(0, size - limit), limit)
