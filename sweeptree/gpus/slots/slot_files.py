"""The slot files of each device: which are held, what they promise, and which devices a claim
takes.

Hides the two ways to hold a device. Without a promise of memory a holder has the whole device: slot
0 is his and no other is held. With one, holders share it, one slot file each, as long as their
promises and the driver's figures leave room. All decisions are made under the lock `admission`;
only a release can come in between, which does no harm.
"""

from __future__ import annotations

import os
import time

from sweeptree.gpus.slots.driver import Driver, LostError
from sweeptree.gpus.slots.notes import Holder, parse_note
from sweeptree.gpus.slots.quarantine import put_into_quarantine, quarantine_of
from sweeptree.gpus.slots.strangers import has_room, sees_strangers
from sweeptree.system import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

SLOTS_PER_DEVICE = 16
_QUIET = 3.0  # seconds after a job of ours in which the utilisation is still its own
_FIRST_PAUSE, _LONGEST_PAUSE = 0.004, 0.5


class Place:
    """A locked slot file; `left` is the memory (MiB) that no promise covers.

    `stale` are this and other free slots' files of the device with the note of a holder that died.
    """

    __slots__ = ("file", "left", "stale", "uuid")

    def __init__(self, uuid: str, file: int, left: int, free: list[int]) -> None:
        self.uuid = uuid
        self.file = file
        self.left = left
        self.stale = [slot for slot in free if os.fstat(slot).st_size]

    def sign(self, note: bytes) -> list[str]:
        """Write the new holder's note, and return the owners that died holding a slot of this
        device."""
        owners = [Holder(self.uuid, 0, parse_note(_content(file))).owner for file in self.stale]
        for file in self.stale:
            locks.write(file, b"")
        locks.write(self.file, note)
        return [owner for owner in owners if owner]


class SlotFiles:
    """The slot files of one folder (`root`, and opened: `folder`), kept open between tries."""

    __slots__ = ("_driver", "_files", "_folder", "_pauses", "_root", "sick")

    def __init__(self, root: str, folder: int, driver: Driver | None) -> None:
        self._root = root
        self._folder = folder
        self._driver = driver
        self._files: dict[str, int] = {}
        self._pauses: dict[str, tuple[float, float]] = {}
        self.sick: dict[str, str] = {}

    def take(self, devices: Sequence[Mapping[str, Any]], count: int, memory: int) -> list[Place]:
        """Lock a slot on each of `count` devices: the best ones for the purpose, or none and
        nothing."""
        found: dict[str, Place] = {}
        eager = not memory and (count == 1 or not any(device.get("links") for device in devices))
        for device in devices:
            place = self._place(device, memory)
            if place is not None:
                found[place.uuid] = place
            if eager and len(found) == count:
                break
        chosen = choose(found, devices, count) if len(found) >= count else []
        for uuid, place in found.items():
            if uuid not in chosen:
                locks.unlock(place.file)
        return [found[uuid] for uuid in chosen]

    def keep(self, places: Iterable[Place]) -> None:
        """Forget the files of these places: they have a new owner."""
        files = {place.file for place in places}
        self._files = {name: file for name, file in self._files.items() if file not in files}

    def close(self) -> None:
        """Close what is open."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def in_use_by_others(self) -> list[str]:
        """The devices that have been free of slots for a while and still not to be had: somebody
        else uses them."""
        return [uuid for uuid, (_, pause) in self._pauses.items() if pause >= _LONGEST_PAUSE]

    def _place(self, device: Mapping[str, Any], memory: int) -> Place | None:
        uuid = str(device["uuid"])
        if self._pauses.get(uuid, (0.0, 0.0))[0] > time.monotonic():
            return None
        place = self._shared(device, memory) if memory else self._whole(uuid)
        if place is not None and not self._is_fit(place, memory):
            locks.unlock(place.file)
            return None
        return place

    def _whole(self, uuid: str) -> Place | None:
        """Slot 0, when no slot of the device is held."""
        first, *others = slot_names(uuid)
        file = self._lock(first, make=True)
        if file is None:
            return None
        free = [file]
        for name in others:
            other = self._lock(name)
            if other is not None:
                locks.unlock(other)
                free.append(other)
            elif name in self._files:
                locks.unlock(file)
                return None
        return Place(uuid, file, 0, free)

    def _shared(self, device: Mapping[str, Any], memory: int) -> Place | None:
        """A free slot, when all holders were promised a part and the rest is enough."""
        uuid = str(device["uuid"])
        left = int(device.get("memory_total") or 0) - memory
        free: list[int] = []
        for name in slot_names(uuid):
            file = self._lock(name, make=not free)
            if file is not None:
                free.append(file)
            elif name in self._files:
                promised = _promised(self._files[name])
                left = left - promised if promised else -1
        for file in free if left < 0 else free[1:]:
            locks.unlock(file)
        return Place(uuid, free[0], left, free) if free and left >= 0 else None

    def _lock(self, name: str, *, make: bool = False) -> int | None:
        """Lock a slot's file.

        None: it is held (then it is open), or it is not there and not to be made.
        """
        for _ in range(2):
            file = self._files.get(name)
            if file is None:
                file = locks.open_file(self._folder, name) if make else self._open(name)
                if file is None:
                    return None
                self._files[name] = file
            if not locks.lock(file):
                return None
            if os.fstat(file).st_nlink:
                return file
            os.close(self._files.pop(name))  # the file was removed meanwhile: open the new one
        return None

    def _open(self, name: str) -> int | None:
        try:
            return locks.open_file(self._folder, name, make=False)
        except FileNotFoundError:
            return None

    def _is_fit(self, place: Place, memory: int) -> bool:
        """Whether the device behind a place can be used now, as the driver sees it."""
        out = quarantine_of(self._folder, place.uuid)
        if out is not None:
            self.sick[place.uuid] = out.reason
            return False
        self.sick.pop(place.uuid, None)
        try:
            fit = self._driver is None or self._suits(self._driver, place, memory)
        except LostError:
            put_into_quarantine(
                self._root, place.uuid, "it is lost: the driver cannot reach it any more"
            )
            return False
        if fit:
            self._pauses.pop(place.uuid, None)
        else:
            pause = min(
                2 * self._pauses.get(place.uuid, (0.0, _FIRST_PAUSE / 2))[1], _LONGEST_PAUSE
            )
            self._pauses[place.uuid] = (time.monotonic() + pause, pause)
        return fit

    def _suits(self, driver: Driver, place: Place, memory: int) -> bool:
        keepers = self._keepers(place)
        if not keepers and sees_strangers(driver, place.uuid, quiet=self._is_quiet(place.uuid)):
            return False
        return not memory or has_room(driver, place.uuid, memory, keepers)

    def _keepers(self, place: Place) -> dict[int, int]:
        """PID and promised memory of everybody else who holds a slot of the device."""
        found: dict[int, int] = {}
        for number, name in enumerate(slot_names(place.uuid)):
            file = self._files.get(name)
            if file in (None, place.file) or self._is_free(file):
                continue
            holder = Holder(place.uuid, number, parse_note(_content(file)))
            found[holder.pid] = found.get(holder.pid, 0) + holder.memory
        return found

    def _is_free(self, file: int | None) -> bool:
        if file is None or not locks.lock(file):
            return False
        locks.unlock(file)
        return True

    def _is_quiet(self, uuid: str) -> bool:
        """Whether no slot of the device was written to a moment ago, as a claim and a release do."""
        files = (self._files.get(name) for name in slot_names(uuid))
        return all(
            abs(time.time() - os.fstat(file).st_mtime) > _QUIET
            for file in files
            if file is not None
        )


def slot_names(uuid: str) -> Iterator[str]:
    """The names of a device's slot files."""
    name = uuid.replace("/", "+")  # older drivers name a MIG slice MIG-GPU-<uuid>/<gi>/<ci>
    return (f"{name}.{number}" for number in range(SLOTS_PER_DEVICE))


def holders(root: str, uuids: Iterable[str]) -> list[Holder]:
    """Who holds slots of these devices now.

    Leaves no trace; a claim at this very instant may come a poll later.
    """
    folder = locks.open_existing(root)
    if folder is None:
        return []
    try:
        slots = [
            (uuid, number, name) for uuid in uuids for number, name in enumerate(slot_names(uuid))
        ]
        notes = [(uuid, number, locks.living_note(folder, name)) for uuid, number, name in slots]
    finally:
        os.close(folder)
    return [
        Holder(uuid, number, parse_note(note)) for uuid, number, note in notes if note is not None
    ]


def choose(
    found: Mapping[str, Place], devices: Sequence[Mapping[str, Any]], count: int
) -> list[str]:
    """`count` of the found devices: those closest to each other, then the fullest, then the first
    in the list."""
    links = {str(device["uuid"]): dict(device.get("links") or ()) for device in devices}
    order = sorted(found, key=lambda uuid: found[uuid].left)
    if count == 1:
        return order[:1]
    sets = [_nearest(uuid, order, links, count) for uuid in order]
    return min(sets, key=lambda chosen: _spread(chosen, links))


def _nearest(
    first: str, others: list[str], links: Mapping[str, Mapping[str, int]], count: int
) -> list[str]:
    near = sorted(
        (uuid for uuid in others if uuid != first), key=lambda uuid: links[first].get(uuid, 0)
    )
    chosen = {first, *near[: count - 1]}
    return [uuid for uuid in links if uuid in chosen]


def _spread(chosen: list[str], links: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    """The longest way between two of them, and the sum of all ways (levels of
    nvmlGpuTopologyLevel_t)."""
    ways = [links[a].get(b, 0) for a in chosen for b in chosen if a != b]
    return max(ways), sum(ways)


def _content(file: int) -> bytes:
    return os.pread(file, locks.MAX_NOTE_BYTES, 0)


def _promised(file: int) -> int:
    """What the holder of this slot was promised in MiB; 0: the whole device, also when its note
    cannot be read."""
    return Holder("", 0, parse_note(_content(file))).memory
