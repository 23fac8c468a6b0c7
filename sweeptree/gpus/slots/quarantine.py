"""Devices that no job is given any more until a restart or `sweeptree doctor --repair`.

Hides the file: `<uuid>.quarantine` beside the slots, one line of JSON; an empty file, or one of an
earlier boot, is no quarantine. Everybody may write it, as the slots: whoever sees a device fail
must be able to warn the others.
"""

from __future__ import annotations

import os
from _json import encode_basestring_ascii as _quoted

from sweeptree.gpus.slots.notes import now, parse_note
from sweeptree.system import locks
from sweeptree.system.processes import boot_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Quarantine:
    """Why and since when (UTC ISO 8601) a device is not given out."""

    __slots__ = ("reason", "since", "uuid")

    def __init__(self, uuid: str, reason: str, since: str) -> None:
        self.uuid = uuid
        self.reason = reason
        self.since = since


def put_into_quarantine(root: str, uuid: str, reason: str) -> None:
    """Let nobody have the device from now on; an earlier reason stands. Raises OSError."""
    folder = locks.open_folder(root)
    try:
        if quarantine_of(folder, uuid) is not None:
            return
        file = locks.open_file(folder, _name(uuid))
        try:
            line = f'{{"reason": {_quoted(reason[:1000])}, "since": "{now()}", "boot": {_quoted(boot_id())}}}\n'
            locks.write(file, line.encode())
        finally:
            os.close(file)
    finally:
        os.close(folder)


def quarantine_of(folder: int, uuid: str) -> Quarantine | None:
    """The quarantine of a device, asked of the opened folder of slots."""
    file = locks.open_note(folder, _name(uuid))
    if file is None:
        return None
    try:
        line = os.pread(file, locks.MAX_NOTE_BYTES, 0)
    except OSError:
        return None
    finally:
        os.close(file)
    note = parse_note(line) if line else {}
    if not note or note.get("boot") != boot_id():
        return None
    return Quarantine(uuid, str(note.get("reason", "")), str(note.get("since", "")))


def quarantined(root: str, uuids: Iterable[str]) -> list[Quarantine]:
    """Which of these devices are in quarantine. Leaves no trace."""
    folder = locks.open_existing(root)
    if folder is None:
        return []
    try:
        return [found for uuid in uuids if (found := quarantine_of(folder, uuid)) is not None]
    finally:
        os.close(folder)


def all_quarantined(root: str) -> list[Quarantine]:
    """Every quarantine below `root`, also of devices that the driver does not show any more."""
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208 - pathlib is too dear for the keeper
    except OSError:
        return []
    return quarantined(
        root,
        [n.removesuffix(_END).replace("+", "/") for n in names if n.endswith(_END) and n[0] != "."],
    )


def lift_quarantine(root: str, uuid: str) -> None:
    """Give the device out again. Raises OSError."""
    folder = locks.open_folder(root)
    try:
        file = locks.open_file(folder, _name(uuid))
        try:
            os.ftruncate(file, 0)
        finally:
            os.close(file)
    finally:
        os.close(folder)


_END = ".quarantine"


def _name(uuid: str) -> str:
    return uuid.replace("/", "+") + _END
