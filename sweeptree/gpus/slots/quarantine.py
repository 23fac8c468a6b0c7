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


_END = ".quarantine"
_LONGEST_REASON = 1000


class Quarantine:
    """Why and since when (UTC ISO 8601) a device is not given out."""

    __slots__ = ("reason", "since", "uuid")

    def __init__(self, uuid: str, reason: str, since: str) -> None:
        self.uuid = uuid
        self.reason = reason
        self.since = since


def put_into_quarantine(root: str, uuid: str, reason: str) -> None:
    """Let nobody have the device from now on; an earlier reason is kept. Raises OSError."""
    with locks.Held(locks.open_folder(root)) as folder:
        if quarantine_of(folder, uuid) is not None:
            return
        what = f'"reason": {_quoted(reason[:_LONGEST_REASON])}, "since": "{now()}"'
        line = f'{{{what}, "boot": {_quoted(boot_id())}}}\n'
        with locks.Held(locks.open_file(folder, _name(uuid))) as file:
            locks.write(file, line.encode())


def quarantine_of(folder: int, uuid: str) -> Quarantine | None:
    """The quarantine of a device, asked of the opened folder of slots."""
    line = _read(folder, _name(uuid))
    note = parse_note(line) if line else {}
    if not note or note.get("boot") != boot_id():
        return None
    return Quarantine(uuid, str(note.get("reason", "")), str(note.get("since", "")))


def quarantined(root: str, uuids: Iterable[str]) -> list[Quarantine]:
    """Which of these devices are in quarantine. Leaves no trace."""
    folder = locks.open_existing(root)
    if folder is None:
        return []
    with locks.Held(folder):
        found = [quarantine_of(folder, uuid) for uuid in uuids]
    return [quarantine for quarantine in found if quarantine is not None]


def all_quarantined(root: str) -> list[Quarantine]:
    """Every quarantine below `root`, also of devices that the driver does not show any more."""
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208 - pathlib is too dear for the keeper
    except OSError:
        return []
    files = [name for name in names if name.endswith(_END) and name[0] != "."]
    return quarantined(root, [_uuid(name) for name in files])


def lift_quarantine(root: str, uuid: str) -> None:
    """Give the device out again. Raises OSError."""
    with (
        locks.Held(locks.open_folder(root)) as folder,
        locks.Held(locks.open_file(folder, _name(uuid))) as file,
    ):
        os.ftruncate(file, 0)


def _name(uuid: str) -> str:
    return uuid.replace("/", "+") + _END


def _uuid(name: str) -> str:
    return name.removesuffix(_END).replace("+", "/")


def _read(folder: int, name: str) -> bytes:
    file = locks.open_note(folder, name)
    if file is None:
        return b""
    try:
        return os.pread(file, locks.MAX_NOTE_BYTES, 0)
    except OSError:
        return b""
    finally:
        os.close(file)
