"""GPU slots that all processes and users of a machine share, and that no kill -9 can leave stuck.

Hides the lock files. A slot is held exactly as long as one process keeps its file open under an exclusive
flock; the kernel frees it at the instant that process dies. Below the root:

    admission        flocked for the moment of a claim, so that k slots are taken all or not at all
    <uuid>.<n>       slot n of a device; flocked by its holder; says who that is (JSON)
    queue/<number>-… the ticket of a waiter, flocked while the waiter lives
                     line 1: who that is (JSON); line 2: the devices it would take, parted by spaces

Both folders have mode 01777, so nobody removes a stranger's file; slot files have mode 0666, so everybody can
lock them. Who locks them all stops everybody: users must trust each other that far.

The keeper imports this module without site-packages and pays for every import in each job. So the module
level takes only os, fcntl, time and _json (json alone costs 9 ms), and plain classes instead of
dataclasses (19 ms).
"""

from __future__ import annotations

import fcntl
import os
import time
from _json import encode_basestring_ascii as _quoted

from sweeptree import lockfiles

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself is too dear for the keeper
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Literal

    from sweeptree.errors import Refused

SLOTS_PER_DEVICE = 1  # the place for sharing a device: `_slot_names`, `Ticket._seize_any` and the notes count slots
_NUMBER = 16
_LAST_NUMBER = 10**_NUMBER - 1


class _Who:
    """Who wrote a note. `since` is UTC ISO 8601; `ticks` the start of process `pid` in clock ticks after boot."""

    __slots__ = ("host", "owner", "pid", "since", "ticks")

    def __init__(self, note: Mapping[str, Any]) -> None:
        self.owner = str(note.get("owner", ""))
        self.pid = _whole(note.get("pid"))
        self.ticks = _whole(note.get("ticks"))
        self.since = str(note.get("since", ""))
        self.host = str(note.get("host", ""))


class Holder(_Who):
    """Who holds slot number `slot` of the device `uuid`. `owner` is empty when the holder left no note."""

    __slots__ = ("slot", "uuid")

    def __init__(self, uuid: str, slot: int, note: Mapping[str, Any]) -> None:
        super().__init__(note)
        self.uuid = uuid
        self.slot = slot


class Waiter(_Who):
    """Who waits, and for which devices; `uuids` is empty before the first try."""

    __slots__ = ("uuids",)

    def __init__(self, uuids: Iterable[str], note: Mapping[str, Any]) -> None:
        super().__init__(note)
        self.uuids = tuple(uuids)


class Claim:
    """Slots that are held. The holder is this process: its death is a release.

    `environment` shows a command these devices and no others. `abandoned` names the owners that died without
    releasing one of these slots: what they had started may still run on the device.
    """

    __slots__ = ("_files", "_root", "abandoned", "environment", "uuids")

    def __init__(self, root: int, files: Mapping[str, int], visible: str, abandoned: tuple[str, ...]) -> None:
        self.uuids = tuple(files)
        self.environment = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible}
        self.abandoned = abandoned
        self._root = root
        self._files = list(files.values())

    def release(self) -> None:
        """Free the slots at once, also when a forked child has inherited the files. A second call does nothing."""
        while self._files:
            file = self._files.pop()
            os.ftruncate(file, 0)
            lockfiles.unlock(file)
            os.close(file)
            if not self._files:
                os.close(self._root)

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Ticket:
    """A place in the queue, kept as long as this process lives. For one thread.

    First come, first served among those that want a common device: a waiter never passes an older living one
    unless their devices have nothing in common, so who wants many is not starved. A waiter that has not tried
    yet may want anything.
    """

    __slots__ = ("_admission", "_ahead", "_file", "_files", "_name", "_owner", "_queue", "_root", "_wants", "_who")

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._who = _note(owner)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead: int | None = None
        self._files: dict[str, int] = {}
        self._name = ""
        self._wants: tuple[str, ...] = ()

    def join(self, root: str) -> None:
        """Open the folder of slots and stand at the end of its queue; `enqueue` does it. Raises OSError."""
        root = os.path.abspath(root)  # noqa: PTH100 - pathlib is too dear for the keeper
        os.makedirs(os.path.dirname(root), exist_ok=True)  # noqa: PTH103, PTH120
        self._root = lockfiles.open_folder(root)
        lockfiles.lock(self._root, fcntl.LOCK_SH)  # systemd-tmpfiles leaves a locked folder alone
        self._admission = lockfiles.open_file(self._root, "admission")
        self._queue = lockfiles.open_folder("queue", self._root)
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
        self, devices: Sequence[Mapping[str, Any]], count: int, *, env_style: Literal["uuid", "index"] = "uuid"
    ) -> Claim | None:
        """Take `count` slots of these devices (dicts with uuid and index), the first in the list before others.

        Never waits: None when it is not our turn or too few are free. Success leaves the queue. Raises Refused
        when the devices can never be enough, or when the folder of slots is not to be trusted.
        """
        self._want(_choice(devices, count))
        if not self.is_head() or not lockfiles.lock(self._admission):
            return None
        try:
            taken = self._seize(count)
        except OSError as error:
            raise _refused(f"a GPU slot cannot be used: {error.strerror}") from error
        finally:
            lockfiles.unlock(self._admission)
        return self._claim(taken, devices, env_style) if taken else None

    def close(self) -> None:
        """Leave the queue. A second call does nothing."""
        if self._name:
            lockfiles.remove(self._queue, self._name)
        for file in (self._file, self._queue, self._admission, self._root, self._ahead, *self._files.values()):
            if file is not None and file >= 0:
                os.close(file)
        self._root = self._queue = self._admission = self._file = -1
        self._ahead = None
        self._files.clear()
        self._name = ""

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _want(self, uuids: tuple[str, ...]) -> None:
        if uuids != self._wants:
            line = " ".join(uuids).encode() + b"\n"
            lockfiles.write(self._file, line, len(self._who))
            self._wants = uuids

    def _find_rival(self) -> int | None:
        """The open ticket of the oldest living waiter that goes before us; the dead ones are swept away."""
        for name in _line(self._queue):
            if name == self._name:
                return None
            file = lockfiles.open_note(self._queue, name)
            if file is None:
                continue
            if self._is_rival(file):
                return file
            if lockfiles.lock(file, fcntl.LOCK_SH):
                lockfiles.remove(self._queue, name)  # names are never used twice, so this is the dead one's
            os.close(file)
        raise _refused(f"the ticket of {self._owner} in the queue for GPU slots was removed")

    def _is_rival(self, ticket: int) -> bool:
        # Shared, so that those who look do not take each other for the waiter.
        if lockfiles.lock(ticket, fcntl.LOCK_SH):
            lockfiles.unlock(ticket)
            return False
        wants = _wanted(os.pread(ticket, lockfiles.MAX_NOTE_BYTES, 0))
        return not wants or not self._wants or not wants.isdisjoint(self._wants)

    def _seize(self, count: int) -> dict[str, int]:
        """Lock `count` slots of different devices and return their files, or none and nothing."""
        taken: dict[str, int] = {}
        for uuid in self._wants:
            file = self._seize_any(uuid)
            if file is not None:
                taken[uuid] = file
                if len(taken) == count:
                    return taken
        for file in taken.values():
            lockfiles.unlock(file)
        return {}

    def _seize_any(self, uuid: str) -> int | None:
        """Lock a free slot of the device. Packing by memory would ask here what the other slots' notes promise."""
        for name in _slot_names(uuid):
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = lockfiles.open_file(self._root, name)
            if lockfiles.lock(file):
                if os.fstat(file).st_nlink:
                    return file
                os.close(self._files.pop(name))  # the file was removed meanwhile: the next try opens the new one
        return None

    def _claim(
        self, taken: dict[str, int], devices: Sequence[Mapping[str, Any]], env_style: Literal["uuid", "index"]
    ) -> Claim:
        note = _note(self._owner)
        left = [_owner_in(os.pread(file, lockfiles.MAX_NOTE_BYTES, 0)) for file in taken.values()]
        for file in taken.values():
            lockfiles.write(file, note)
        index = {str(device["uuid"]): str(device["index"]) for device in devices}
        by_index = env_style == "index" and not any(uuid.startswith("MIG-") for uuid in taken)
        visible = ",".join(index[uuid] if by_index else uuid for uuid in taken)
        self._files = {name: file for name, file in self._files.items() if file not in taken.values()}
        root, self._root = self._root, -1
        self.close()
        return Claim(root, taken, visible, tuple(filter(None, left)))


def enqueue(root: str, owner: str) -> Ticket:
    """Join the queue below the folder `root`, which is made if need be. Raises Refused when that cannot be."""
    ticket = Ticket(owner)
    try:
        ticket.join(root)
    except OSError as error:
        ticket.close()
        raise _refused(f"the GPU slots in {root} cannot be used: {error.strerror}") from error
    return ticket


def holders(root: str, uuids: Iterable[str]) -> list[Holder]:
    """Who holds slots of these devices now. Leaves no trace; a claim at this very instant may come a poll later."""
    folder = lockfiles.open_existing(root)
    if folder is None:
        return []
    try:
        slots = [(uuid, number, name) for uuid in uuids for number, name in enumerate(_slot_names(uuid))]
        notes = [(uuid, number, lockfiles.living_note(folder, name)) for uuid, number, name in slots]
    finally:
        os.close(folder)
    return [Holder(uuid, number, _parsed(note)) for uuid, number, note in notes if note is not None]


def waiters(root: str) -> list[Waiter]:
    """Who waits for slots now, oldest first. Leaves no trace."""
    folder = lockfiles.open_existing(os.path.join(root, "queue"))  # noqa: PTH118 - pathlib is too dear
    if folder is None:
        return []
    try:
        notes = [lockfiles.living_note(folder, name) for name in _line(folder)]
    finally:
        os.close(folder)
    return [Waiter(sorted(_wanted(note)), _parsed(note)) for note in notes if note is not None]


def _choice(devices: Sequence[Mapping[str, Any]], count: int) -> tuple[str, ...]:
    """The devices that a claim of `count` can be served from, each once."""
    uuids = tuple(dict.fromkeys(str(device["uuid"]) for device in devices))
    if count > 1:  # CUDA shows a process one MIG slice, however many it is given
        uuids = tuple(uuid for uuid in uuids if not uuid.startswith("MIG-"))
    if not 1 <= count <= len(uuids):
        raise _refused(f"a job wants {count} GPUs at once, and {len(uuids)} can be had", "lower --gpus")
    return uuids


def _slot_names(uuid: str) -> Iterator[str]:
    name = uuid.replace("/", "+")  # older drivers name a MIG slice MIG-GPU-<uuid>/<gi>/<ci>
    return (f"{name}.{number}" for number in range(SLOTS_PER_DEVICE))


def _take_number(queue: int, who: bytes) -> tuple[str, int]:
    """Make a locked ticket with the next number; it appears whole and locked, so nobody takes it for a dead one."""
    line = _line(queue)
    number = min(int(line[-1][:_NUMBER]) + 1, _LAST_NUMBER) if line else 1
    name = f"{number:0{_NUMBER}d}-{os.urandom(6).hex()}"
    file = os.open(f".{name}", os.O_RDWR | os.O_CREAT | os.O_EXCL | lockfiles.OPEN_SAFELY, 0o644, dir_fd=queue)
    os.fchmod(file, 0o644)
    lockfiles.lock(file)
    os.write(file, who)
    os.rename(f".{name}", name, src_dir_fd=queue, dst_dir_fd=queue)
    return name, file


def _line(queue: int) -> list[str]:
    """The tickets, oldest first, the dead ones among them."""
    names = os.listdir(queue)
    return sorted(n for n in names if n[_NUMBER : _NUMBER + 1] == "-" and n.isascii() and n[:_NUMBER].isdecimal())


def _note(owner: str) -> bytes:
    """One line of JSON that says who this process is."""
    since = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    host = os.uname().nodename
    return (
        f'{{"owner": {_quoted(owner[:1000])}, "pid": {os.getpid()}, "ticks": {_start_ticks()}, '
        f'"since": "{since}", "host": {_quoted(host)}}}\n'
    ).encode()


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _start_ticks() -> int:
    """When this process started, in clock ticks after boot (field 22 of proc(5) stat); 0 where there is no /proc."""
    try:
        file = os.open("/proc/self/stat", os.O_RDONLY | lockfiles.OPEN_SAFELY)
    except OSError:
        return 0
    try:
        return int(os.read(file, 4096).rpartition(b")")[2].split()[19])
    finally:
        os.close(file)


def _wanted(note: bytes) -> frozenset[str]:
    """The devices on the second line of a ticket; none while that line is not complete."""
    lines = note.split(b"\n")
    return frozenset(lines[1].decode("ascii", "replace").split()) if len(lines) > 2 else frozenset()


def _owner_in(note: bytes) -> str:
    return _Who(_parsed(note)).owner if note else ""


def _parsed(note: bytes) -> dict[str, Any]:
    """The first line of a note as a dict; empty when it is not one (just being written, or a stranger's)."""
    import json

    try:
        value = json.loads(note.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refused(message: str, hint: str = "SWEEPTREE_SLOT_DIR names another folder for the slots") -> Refused:
    from sweeptree.errors import Refused  # only here, for the keeper's sake

    return Refused(message, hint=hint)
