"""The queue for GPU slots: tickets, first come first served, and the claim at its head.

Hides the tickets' files. See `sweeptree.gpus.slots`.
"""

from __future__ import annotations

import os

from sweeptree.gpus.slots.choice import eligible, in_words
from sweeptree.gpus.slots.claim import Claim, visible
from sweeptree.gpus.slots.notes import Waiter, obstacle, parse_note, refused, wanted, write_note
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


class Ticket:
    """A place in the queue, kept as long as this process lives. For one thread.

    First come, first served among those that want a common device: a waiter never passes an older
    living one unless their devices have nothing in common, so who wants many is not starved. A
    waiter that has not tried yet may want anything.
    """

    __slots__ = (
        "_admission",
        "_ahead",
        "_driver",
        "_file",
        "_memory",
        "_name",
        "_owner",
        "_queue",
        "_root",
        "_slots",
        "_wants",
        "_who",
        "_why",
    )

    def __init__(self, owner: str, memory: int, driver: Driver | None) -> None:
        self._owner = owner
        self._memory = memory
        self._driver = driver
        self._who = write_note(owner, memory)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead: int | None = None
        self._slots: SlotFiles | None = None
        self._name = ""
        self._wants: tuple[str, ...] = ()
        self._why = ""

    def join(self, root: str) -> None:
        """Open the folder of slots and go to the end of its queue; `enqueue` does it.

        Raises OSError.
        """
        root = os.path.abspath(root)  # noqa: PTH100 - pathlib is too dear for the keeper
        os.makedirs(os.path.dirname(root), exist_ok=True)  # noqa: PTH103, PTH120
        self._root = locks.open_folder(root)
        locks.lock(self._root, locks.SHARED)  # systemd-tmpfiles leaves a locked folder alone
        self._slots = SlotFiles(root, self._root, self._driver)
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
        self._want(eligible(devices, count, self._memory), self._why)
        if self._slots is None or not self.is_head() or not locks.lock(self._admission):
            return None
        taken, abandoned = self._take(self._slots, devices, count)
        if not taken:
            self._refuse_waiting_in_vain(self._slots.sick, count)
            self._want(self._wants, _why(devices, self._slots.in_use_by_others()))
            return None
        return self._claim(taken, abandoned, visible(taken, devices, env_style))

    def pause(self) -> float:
        """How many seconds to wait before the next try."""
        return POLL_HEAD if self.is_head() else POLL_BEHIND

    def close(self) -> None:
        """Leave the queue. A second call does nothing."""
        if self._name:
            locks.remove(self._queue, self._name)
        if self._slots is not None:
            self._slots.close()
        for file in (self._file, self._queue, self._admission, self._root, self._ahead):
            if file is not None and file >= 0:
                os.close(file)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead = self._slots = None
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

    def _take(
        self, slots: SlotFiles, devices: Sequence[Mapping[str, Any]], count: int
    ) -> tuple[list[Place], list[str]]:
        """The signed places, or none; and who died holding them. Gives `admission` back."""
        usable = [device for device in devices if str(device["uuid"]) in self._wants]
        try:
            taken = slots.take(usable, count, self._memory)
            note = write_note(self._owner, self._memory) if taken else b""
            abandoned = [owner for place in taken for owner in place.sign(note)]
        except OSError as error:
            raise refused(f"a GPU slot cannot be used: {error.strerror}") from error
        finally:
            locks.unlock(self._admission)
        return taken, abandoned

    def _find_rival(self) -> int | None:
        """The open ticket of the oldest living waiter before us; dead ones are swept away."""
        for name in _tickets(self._queue):
            if name == self._name:
                return None
            file = self._rival(name)
            if file is not None:
                return file
        raise refused(f"the ticket of {self._owner} in the queue for GPU slots was removed")

    def _rival(self, name: str) -> int | None:
        """The open ticket of that name, if it is a rival's; removed if its waiter is dead."""
        file = locks.open_note(self._queue, name)
        if file is None or self._is_rival(file):
            return file
        if locks.lock(file, locks.SHARED):
            locks.remove(self._queue, name)  # names are never used twice, so this is the dead one's
        os.close(file)
        return None

    def _is_rival(self, ticket: int) -> bool:
        # Shared, so that those who look do not take each other for the waiter.
        if locks.lock(ticket, locks.SHARED):
            locks.unlock(ticket)
            return False
        wants = wanted(os.pread(ticket, locks.MAX_NOTE_BYTES, 0))
        return not wants or not self._wants or not wants.isdisjoint(self._wants)

    def _refuse_waiting_in_vain(self, sick: Mapping[str, str], count: int) -> None:
        """Raise Refused when so many devices are in quarantine or gone that the rest is too few."""
        if len(self._wants) - len(sick) >= count:
            return
        reasons = [f"{uuid}: {reason}" for uuid, reason in sick.items()]
        raise refused(
            f"a job wants {in_words(count)}, and {'; '.join(reasons)}",
            "sweeptree gpus shows what there is; sweeptree doctor --repair lifts a quarantine",
        )

    def _claim(self, taken: list[Place], abandoned: list[str], visible: str) -> Claim:
        if self._slots is not None:
            self._slots.keep(taken)
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
    with locks.Held(folder):
        notes = [locks.living_note(folder, name) for name in _tickets(folder)]
    return [_waiter(note) for note in notes if note is not None]


def _waiter(note: bytes) -> Waiter:
    return Waiter(sorted(wanted(note)), parse_note(note), obstacle(note))


def _why(devices: Sequence[Mapping[str, Any]], uuids: Sequence[str]) -> str:
    busy = [device for device in devices if str(device["uuid"]) in uuids]
    numbers = ", ".join(str(device["index"]) for device in busy)
    return f"busy: other processes use GPU {numbers}" if numbers else ""


def _take_number(queue: int, who: bytes) -> tuple[str, int]:
    """Make a locked ticket with the next number.

    It appears whole and locked, so nobody takes it for a dead one's.
    """
    tickets = _tickets(queue)
    number = min(int(tickets[-1][:_NUMBER]) + 1, _LAST_NUMBER) if tickets else 1
    name = f"{number:0{_NUMBER}d}-{os.urandom(6).hex()}"
    how = os.O_RDWR | os.O_CREAT | os.O_EXCL | locks.OPEN_SAFELY
    file = os.open(f".{name}", how, 0o644, dir_fd=queue)
    os.fchmod(file, 0o644)
    locks.lock(file)
    os.write(file, who)
    os.rename(f".{name}", name, src_dir_fd=queue, dst_dir_fd=queue)
    return name, file


def _tickets(queue: int) -> list[str]:
    """The tickets, oldest first, the dead ones among them."""
    return sorted(name for name in os.listdir(queue) if _is_ticket(name))


def _is_ticket(name: str) -> bool:
    number = name[:_NUMBER]
    return name[_NUMBER : _NUMBER + 1] == "-" and name.isascii() and number.isdecimal()
