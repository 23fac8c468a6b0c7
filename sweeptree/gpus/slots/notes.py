"""Who wrote a note into a slot file or a ticket: one line of JSON.

Hides how it is written without importing json, and read without importing it early; and how a
process names itself so that it cannot be taken for one that gets its PID later.
"""

from __future__ import annotations

import os
import time
from _json import encode_basestring_ascii as _quoted

from sweeptree.system.processes import start_ticks

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself is too dear for the keeper
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sweeptree.errors import Refused


_LONGEST_TEXT = 1000


class _Who:
    """Who wrote a note.

    `since` is UTC ISO 8601; `ticks` the start of process `pid` in clock ticks after boot; `memory`
    what was promised to it of each device in MiB (0: the whole device).
    """

    __slots__ = ("host", "memory", "owner", "pid", "since", "ticks")

    def __init__(self, note: Mapping[str, Any]) -> None:
        self.owner = str(note.get("owner", ""))
        self.pid = _whole(note.get("pid"))
        self.ticks = _whole(note.get("ticks"))
        self.since = str(note.get("since", ""))
        self.host = str(note.get("host", ""))
        self.memory = _whole(note.get("memory"))


class Holder(_Who):
    """Who holds slot number `slot` of the device `uuid`.

    `owner` is empty when the holder left no note.
    """

    __slots__ = ("slot", "uuid")

    def __init__(self, uuid: str, slot: int, note: Mapping[str, Any]) -> None:
        super().__init__(note)
        self.uuid = uuid
        self.slot = slot


class Waiter(_Who):
    """Who waits, and for which devices; `uuids` is empty before the first try.

    `why` is a few words on what is in the way, where that is more than a slot that is held.
    """

    __slots__ = ("uuids", "why")

    def __init__(self, uuids: Iterable[str], note: Mapping[str, Any], why: str = "") -> None:
        super().__init__(note)
        self.uuids = tuple(uuids)
        self.why = why


def write_note(owner: str, memory: int = 0) -> bytes:
    """Who this process is, and how many MiB of each device it was promised (0: all)."""
    pid = os.getpid()
    who = (
        f'"owner": {_quoted(owner[:_LONGEST_TEXT])}, "pid": {pid}, "ticks": {start_ticks(pid) or 0}'
    )
    where = f'"since": "{now()}", "host": {_quoted(os.uname().nodename)}'
    return f'{{{who}, {where}, "memory": {memory}}}\n'.encode()


def parse_note(note: bytes) -> dict[str, Any]:
    """The first line of a note; empty when it is none (just being written, or a stranger's)."""
    import json

    try:
        value = json.loads(note.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def wanted(note: bytes) -> frozenset[str]:
    """The devices on the second line of a ticket; none while that line is not complete."""
    lines = note.split(b"\n")
    if len(lines) <= 2:
        return frozenset()
    return frozenset(lines[1].decode("ascii", "replace").split())


def obstacle(note: bytes) -> str:
    """What is in a waiter's way: the third line of its ticket."""
    lines = note.split(b"\n")
    return lines[2].decode("utf-8", "replace") if len(lines) > 3 else ""


def now() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def refused(
    message: str, hint: str = "SWEEPTREE_SLOT_DIR names another folder for the slots"
) -> Refused:
    """The error for what can never be granted."""
    from sweeptree.errors import Refused  # only here, for the keeper's sake

    return Refused(message, hint=hint)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
