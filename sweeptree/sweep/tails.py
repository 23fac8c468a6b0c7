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


class LedgerTail:
    """Reads what has been appended to a sweep's ledger since the last call, whole lines only."""

    def __init__(self, paths: SweepPaths) -> None:
        self._path = paths.ledger
        self._offset = 0
        self._rest = b""

    def read(self) -> list[dict[str, Any]]:
        """The new entries, at most a few thousand at a time; none before the ledger exists."""
        data = read_from(self._path, self._offset, _TAIL_CHUNK)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        entries = map(_entry, lines)
        return [entry for entry in entries if entry is not None]


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if isinstance(entry, dict) and isinstance(entry.get("id"), int):
        return entry
    return None


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
