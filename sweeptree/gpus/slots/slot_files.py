"""The slot files of each device: which are held, and what they promise.

Hides the two ways to hold a device. Without a promise of memory a holder has the whole device: slot
0 is his and no other is held. With one, holders share it, one slot file each, as long as their
promises and the driver's figures leave room. All decisions are made under the lock `admission`;
only a release can come in between, which does no harm.
"""

from __future__ import annotations

import os
import time

from sweeptree.gpus.slots.choice import choose
from sweeptree.gpus.slots.driver import Driver, GoneError, LostError
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
_ALL_MEMORY = 1 << 60  # MiB: more than any device has


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
        """Write the new holder's note; the owners that died holding a slot of this device."""
        owners = [_holder(self.uuid, 0, file).owner for file in self.stale]
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
        """Lock a slot on each of `count` devices, the best for the purpose; or on none at all."""
        found = self._find(devices, count, memory)
        chosen: list[str] = []
        if len(found) >= count:
            left = {uuid: place.left for uuid, place in found.items()}
            chosen = choose(left, devices, count)
        unwanted = [place.file for uuid, place in found.items() if uuid not in chosen]
        _unlock(unwanted)
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
        """The devices that somebody else uses: without slots for a while, and still not free."""
        return [uuid for uuid, (_, pause) in self._pauses.items() if pause >= _LONGEST_PAUSE]

    def _find(
        self, devices: Sequence[Mapping[str, Any]], count: int, memory: int
    ) -> dict[str, Place]:
        """A place on each device that has one; on the first `count` when none is better."""
        have_links = any(device.get("links") for device in devices)
        is_any_good = not memory and (count == 1 or not have_links)
        enough = count if is_any_good else len(devices)
        found: dict[str, Place] = {}
        for device in devices:
            place = self._place(device, memory)
            if place is not None:
                found[place.uuid] = place
            if len(found) == enough:
                break
        return found

    def _place(self, device: Mapping[str, Any], memory: int) -> Place | None:
        uuid = str(device["uuid"])
        next_look, _ = self._pauses.get(uuid, (0.0, 0.0))
        if next_look > time.monotonic():
            return None
        place = self._shared(device, memory) if memory else self._whole(uuid)
        if place is None or self._is_fit(place, memory):
            return place
        locks.unlock(place.file)
        return None

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
                left -= _promised(self._files[name]) or _ALL_MEMORY
        if left < 0 or not free:
            _unlock(free)
            return None
        _unlock(free[1:])
        return Place(uuid, free[0], left, free)

    def _lock(self, name: str, *, make: bool = False) -> int | None:
        """Lock a slot's file.

        None: it is held (then it is open), or it is not there and not to be made.
        """
        for _ in range(2):
            file = self._file(name, make=make)
            if file is None or not locks.lock(file):
                return None
            if os.fstat(file).st_nlink:
                return file
            os.close(self._files.pop(name))  # the file was removed meanwhile: open the new one
        return None

    def _file(self, name: str, *, make: bool) -> int | None:
        """The opened file of a slot; None when it is not there and not to be made."""
        if name not in self._files:
            try:
                self._files[name] = locks.open_file(self._folder, name, make=make)
            except FileNotFoundError:
                return None
        return self._files[name]

    def _is_fit(self, place: Place, memory: int) -> bool:
        """Whether the device behind a place can be used now, as the driver sees it."""
        if self._is_quarantined(place.uuid):
            return False
        try:
            fit = self._driver is None or self._suits(self._driver, place, memory)
        except GoneError:
            self.sick[place.uuid] = "there is no such device any more"
            self._look_less_often(place.uuid)
            return False
        except LostError:
            reason = "it is lost: the driver cannot reach it any more"
            put_into_quarantine(self._root, place.uuid, reason)
            return False
        if fit:
            self._pauses.pop(place.uuid, None)
        else:
            self._look_less_often(place.uuid)
        return fit

    def _is_quarantined(self, uuid: str) -> bool:
        quarantine = quarantine_of(self._folder, uuid)
        if quarantine is None:
            self.sick.pop(uuid, None)
            return False
        self.sick[uuid] = f"it is in quarantine: {quarantine.reason}"
        return True

    def _look_less_often(self, uuid: str) -> None:
        _, last = self._pauses.get(uuid, (0.0, _FIRST_PAUSE / 2))
        pause = min(2 * last, _LONGEST_PAUSE)
        self._pauses[uuid] = (time.monotonic() + pause, pause)

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
            if file is None or file == place.file or _is_free(file):
                continue
            holder = _holder(place.uuid, number, file)
            found[holder.pid] = found.get(holder.pid, 0) + holder.memory
        return found

    def _is_quiet(self, uuid: str) -> bool:
        """Whether no slot of the device was written to just now, as a claim and a release do."""
        names = [name for name in slot_names(uuid) if name in self._files]
        changes = [os.fstat(self._files[name]).st_mtime for name in names]
        return all(abs(time.time() - change) > _QUIET for change in changes)


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
    with locks.Held(folder):
        return [holder for uuid in uuids for holder in _holders_of(folder, uuid)]


def _holders_of(folder: int, uuid: str) -> Iterator[Holder]:
    for number, name in enumerate(slot_names(uuid)):
        note = locks.living_note(folder, name)
        if note is not None:
            yield Holder(uuid, number, parse_note(note))


def _holder(uuid: str, number: int, file: int) -> Holder:
    note = os.pread(file, locks.MAX_NOTE_BYTES, 0)
    return Holder(uuid, number, parse_note(note))


def _promised(file: int) -> int:
    """What a slot's holder was promised in MiB; 0, as for a note that is none: the whole device."""
    return _holder("", 0, file).memory


def _is_free(file: int) -> bool:
    if not locks.lock(file):
        return False
    locks.unlock(file)
    return True


def _unlock(files: Iterable[int]) -> None:
    for file in files:
        locks.unlock(file)
