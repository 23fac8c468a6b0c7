"""The queue for GPU slots, and the claim at its head. See `sweeptree.gpus.slots`."""

from __future__ import annotations

import os

from sweeptree.gpus.slots.notes import Waiter, parse_note, refused, told_why, wanted, write_note
from sweeptree.gpus.slots.slot_files import SlotFiles
from sweeptree.system import locks

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself is too dear for the keeper
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from sweeptree.gpus.slots.driver import Driver
    from sweeptree.gpus.slots.slot_files import Place

POLL_HEAD = 0.004  # seconds; next in line for a slot: a freed GPU is taken within this time
POLL_BEHIND = 0.05
_NUMBER = 16
_LAST_NUMBER = 10**_NUMBER - 1


class Claim:
    """Slots that are held. The holder is this process: its death is a release.

    `environment` shows a command these devices and no others. `abandoned` names the owners that
    died without releasing one of these slots: what they had started may still run on the device.
    """

    __slots__ = ("_files", "_root", "abandoned", "environment", "uuids")

    def __init__(
        self, root: int, places: Sequence[Place], visible: str, abandoned: tuple[str, ...]
    ) -> None:
        self.uuids = tuple(place.uuid for place in places)
        self.environment = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible}
        self.abandoned = abandoned
        self._root = root
        self._files = [place.file for place in places]

    def release(self) -> None:
        """Free the slots at once, also when a forked child has inherited the files.

        A second call does nothing.
        """
        while self._files:
            file = self._files.pop()
            os.ftruncate(file, 0)
            locks.unlock(file)
            os.close(file)
            if not self._files:
                os.close(self._root)

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Ticket:
    """A place in the queue, kept as long as this process lives. For one thread.

    First come, first served among those that want a common device: a waiter never passes an older
    living one unless their devices have nothing in common, so who wants many is not starved. A
    waiter that has not tried yet may want anything.
    """

    __slots__ = (
        "_admission", "_ahead", "_driver", "_file", "_memory", "_name", "_owner", "_queue", "_root", "_shelf", "_wants",
        "_who", "_why",
    )  # fmt: skip

    def __init__(self, owner: str, memory: int, driver: Driver | None) -> None:
        self._owner = owner
        self._memory = memory
        self._driver = driver
        self._who = write_note(owner, memory)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead: int | None = None
        self._shelf: SlotFiles | None = None
        self._name = ""
        self._wants: tuple[str, ...] = ()
        self._why = ""

    def join(self, root: str) -> None:
        """Open the folder of slots and stand at the end of its queue; `enqueue` does it.

        Raises OSError.
        """
        root = os.path.abspath(root)  # noqa: PTH100 - pathlib is too dear for the keeper
        os.makedirs(os.path.dirname(root), exist_ok=True)  # noqa: PTH103, PTH120
        self._root = locks.open_folder(root)
        locks.lock(self._root, locks.SHARED)  # systemd-tmpfiles leaves a locked folder alone
        self._shelf = SlotFiles(root, self._root, self._driver)
        self._admission = locks.open_file(self._root, "admission")
        self._queue = locks.open_folder("queue", self._root)
        self._name, self._file = _take_number(self._queue, self._who)

    def is_head(self) -> bool:
        """True when no older living waiter may want one of the devices of the last `try_claim`.

        Raises Refused when the ticket's file was removed: the locks cannot be trusted then.
        """
        if self._ahead is not None:
            if self._is_rival(self._ahead):
                return False
            os.close(self._ahead)
            self._ahead = None
        self._ahead = self._find_rival()
        return self._ahead is None

    def try_claim(
        self,
        devices: Sequence[Mapping[str, Any]],
        count: int,
        *,
        env_style: Literal["uuid", "index"] = "uuid",
    ) -> Claim | None:
        """Take a slot on each of `count` of these devices.

        A device is a mapping with `uuid` and `index`; with promised memory also `memory_total`
        (MiB), and `links`, (UUID, level) pairs, tells how far the others are. Never waits: None
        when it is not our turn or too few can be had. Success leaves the queue. Raises Refused when
        the devices can never be enough, or when the folder of slots is not to be trusted.
        """
        self._want(_choice(devices, count, self._memory), self._why)
        if self._shelf is None or not self.is_head() or not locks.lock(self._admission):
            return None
        usable = [device for device in devices if str(device["uuid"]) in self._wants]
        try:
            taken = self._shelf.take(usable, count, self._memory)
            note = write_note(self._owner, self._memory) if taken else b""
            abandoned = [owner for place in taken for owner in place.sign(note)]
        except OSError as error:
            raise refused(f"a GPU slot cannot be used: {error.strerror}") from error
        finally:
            locks.unlock(self._admission)
        if not taken:
            self._must_hope(count)
            self._want(self._wants, _why(devices, self._shelf.in_use_by_others()))
            return None
        return self._claim(taken, abandoned, _visible(taken, devices, env_style))

    def pause(self) -> float:
        """How many seconds to wait before the next try."""
        if not self.is_head():
            return POLL_BEHIND
        return POLL_HEAD

    def close(self) -> None:
        """Leave the queue. A second call does nothing."""
        if self._name:
            locks.remove(self._queue, self._name)
        if self._shelf is not None:
            self._shelf.close()
        for file in (self._file, self._queue, self._admission, self._root, self._ahead):
            if file is not None and file >= 0:
                os.close(file)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead = self._shelf = None
        self._name = ""

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _want(self, uuids: tuple[str, ...], why: str) -> None:
        """Let others read which devices we would take, and what is in our way."""
        if (uuids, why) != (self._wants, self._why):
            lines = f"{' '.join(uuids)}\n{why}\n" if why else f"{' '.join(uuids)}\n"
            locks.write(self._file, lines.encode(), len(self._who))
            self._wants, self._why = uuids, why

    def _find_rival(self) -> int | None:
        """The open ticket of the oldest living waiter that goes before us; the dead ones are swept
        away."""
        for name in _line(self._queue):
            if name == self._name:
                return None
            file = locks.open_note(self._queue, name)
            if file is None:
                continue
            if self._is_rival(file):
                return file
            if locks.lock(file, locks.SHARED):
                locks.remove(
                    self._queue, name
                )  # names are never used twice, so this is the dead one's
            os.close(file)
        raise refused(f"the ticket of {self._owner} in the queue for GPU slots was removed")

    def _is_rival(self, ticket: int) -> bool:
        # Shared, so that those who look do not take each other for the waiter.
        if locks.lock(ticket, locks.SHARED):
            locks.unlock(ticket)
            return False
        wants = wanted(os.pread(ticket, locks.MAX_NOTE_BYTES, 0))
        return not wants or not self._wants or not wants.isdisjoint(self._wants)

    def _must_hope(self, count: int) -> None:
        """Raise Refused when so many devices are in quarantine that waiting is in vain."""
        sick = self._shelf.sick if self._shelf is not None else {}
        if len(self._wants) - len(sick) < count:
            told = "; ".join(f"{uuid} is in quarantine: {reason}" for uuid, reason in sick.items())
            raise refused(
                f"a job wants {_gpus(count)}, and {told}",
                "sweeptree doctor --repair gives them out again",
            )

    def _claim(self, taken: list[Place], abandoned: list[str], visible: str) -> Claim:
        if self._shelf is not None:
            self._shelf.keep(taken)
        root, self._root = self._root, -1
        self.close()
        return Claim(root, taken, visible, tuple(dict.fromkeys(abandoned)))


def enqueue(root: str, owner: str, *, memory: int = 0, driver: Driver | None = None) -> Ticket:
    """Join the queue below the folder `root`, which is made if need be.

    Raises Refused when that cannot be.

    `memory` (MiB of each device) shares the device with others; 0 takes the whole. `driver` tells
    who else uses it; without one, only slots count.
    """
    ticket = Ticket(owner, memory, driver)
    try:
        ticket.join(root)
    except OSError as error:
        ticket.close()
        raise refused(f"the GPU slots in {root} cannot be used: {error.strerror}") from error
    return ticket


def waiters(root: str) -> list[Waiter]:
    """Who waits for slots now, oldest first. Leaves no trace."""
    folder = locks.open_existing(os.path.join(root, "queue"))  # noqa: PTH118 - pathlib is too dear
    if folder is None:
        return []
    try:
        notes = [locks.living_note(folder, name) for name in _line(folder)]
    finally:
        os.close(folder)
    return [
        Waiter(sorted(wanted(note)), parse_note(note), told_why(note))
        for note in notes
        if note is not None
    ]


def _choice(devices: Sequence[Mapping[str, Any]], count: int, memory: int) -> tuple[str, ...]:
    """The devices that a claim of `count` can be served from, each once."""
    enough = (
        device for device in devices if not memory or int(device.get("memory_total") or 0) >= memory
    )
    uuids = tuple(dict.fromkeys(str(device["uuid"]) for device in enough))
    if count > 1:  # CUDA shows a process one MIG slice, however many it is given
        uuids = tuple(uuid for uuid in uuids if not uuid.startswith("MIG-"))
    if not 1 <= count <= len(uuids):
        size = f" with {memory} MiB each" if memory else ""
        hint = "lower --gpus or --gpu_mem" if memory else "lower --gpus"
        raise refused(
            f"a job wants {_gpus(count)} at once{size}, and {len(uuids)} can be had", hint
        )
    return uuids


def _why(devices: Sequence[Mapping[str, Any]], uuids: Sequence[str]) -> str:
    numbers = ", ".join(str(device["index"]) for device in devices if str(device["uuid"]) in uuids)
    return f"busy: other processes use GPU {numbers}" if numbers else ""


def _gpus(count: int) -> str:
    return f"{count} GPU{'s' * (count != 1)}"


def _visible(taken: list[Place], devices: Sequence[Mapping[str, Any]], env_style: str) -> str:
    """The value of CUDA_VISIBLE_DEVICES."""
    index = {str(device["uuid"]): str(device["index"]) for device in devices}
    by_index = env_style == "index" and not any(place.uuid.startswith("MIG-") for place in taken)
    return ",".join(index[place.uuid] if by_index else place.uuid for place in taken)


def _take_number(queue: int, who: bytes) -> tuple[str, int]:
    """Make a locked ticket with the next number; it appears whole and locked, so nobody takes it
    for a dead one."""
    line = _line(queue)
    number = min(int(line[-1][:_NUMBER]) + 1, _LAST_NUMBER) if line else 1
    name = f"{number:0{_NUMBER}d}-{os.urandom(6).hex()}"
    file = os.open(
        f".{name}", os.O_RDWR | os.O_CREAT | os.O_EXCL | locks.OPEN_SAFELY, 0o644, dir_fd=queue
    )
    os.fchmod(file, 0o644)
    locks.lock(file)
    os.write(file, who)
    os.rename(f".{name}", name, src_dir_fd=queue, dst_dir_fd=queue)
    return name, file


def _line(queue: int) -> list[str]:
    """The tickets, oldest first, the dead ones among them."""
    names = os.listdir(queue)
    return sorted(
        n
        for n in names
        if n[_NUMBER : _NUMBER + 1] == "-" and n.isascii() and n[:_NUMBER].isdecimal()
    )
