"""Who wrote a note into a slot file or a ticket: one line of JSON, written and read without
importing json early.

Hides how a process names itself so that it cannot be taken for one that gets its PID later.
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


class _Who:
    """Who wrote a note.

    `since` is UTC ISO 8601; `ticks` the start of process `pid` in clock ticks after boot.

    `memory` is what was promised to it of each device in MiB; 0: the whole device.
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
    """One line of JSON that says who this process is, and how many MiB of a device it was promised
    (0: all)."""
    return (
        f'{{"owner": {_quoted(owner[:1000])}, "pid": {os.getpid()}, "ticks": {start_ticks(os.getpid()) or 0}, '
        f'"since": "{now()}", "host": {_quoted(os.uname().nodename)}, "memory": {memory}}}\n'
    ).encode()


def parse_note(note: bytes) -> dict[str, Any]:
    """The first line of a note as a dict; empty when it is not one (just being written, or a
    stranger's)."""
    import json

    try:
        value = json.loads(note.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def wanted(note: bytes) -> frozenset[str]:
    """The devices on the second line of a ticket; none while that line is not complete."""
    lines = note.split(b"\n")
    return frozenset(lines[1].decode("ascii", "replace").split()) if len(lines) > 2 else frozenset()


def told_why(note: bytes) -> str:
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
