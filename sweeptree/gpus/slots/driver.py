"""What a keeper asks the NVIDIA driver: who computes on a device, its memory, whether it failed.

Hides the library libnvidia-ml.so.1 as ctypes sees it. `sweeptree.gpus` finds the devices with
pynvml; a keeper has no site-packages and must not pay 40 ms for a module of 300 functions, so this
asks eight of them directly. Structures and numbers are those of nvml.h. What a driver or a device
cannot answer is None.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_uint, c_ulonglong, c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MIB = 1024 * 1024
_SUCCESS, _NOT_FOUND, _TOO_SMALL, _LACKING, _LOST = 0, 6, 7, 13, 15
_XID_EVENT = 0x8
_LONGEST_UUID = 96  # bytes, as in nvml.h
_FIRST_ROOM, _MOST_ROOM, _MOST_EVENTS = 32, 4096, 64
_UNKNOWN = 2**64 - 1  # the memory of a process that we may not see


class LostError(Exception):
    """The driver cannot reach this device (`uuid`) any more."""

    def __init__(self, uuid: str) -> None:
        super().__init__(uuid)
        self.uuid = uuid


class GoneError(LostError):
    """There is no such device any more: a MIG slice that was removed. It may be made again."""


class _Memory(ctypes.Structure):
    _fields_ = (("total", c_ulonglong), ("free", c_ulonglong), ("used", c_ulonglong))


class _Process(ctypes.Structure):
    _fields_ = (
        ("pid", c_uint),
        ("memory", c_ulonglong),
        ("gpu_instance", c_uint),
        ("compute_instance", c_uint),
    )


class _Rates(ctypes.Structure):
    _fields_ = (("gpu", c_uint), ("memory", c_uint))


class _Event(ctypes.Structure):
    _fields_ = (
        ("device", c_void_p),
        ("kind", c_ulonglong),
        ("data", c_ulonglong),
        ("gpu_instance", c_uint),
        ("compute_instance", c_uint),
    )


class Driver:
    """A session with the driver, for one thread.

    Devices are named by UUID; memory is in MiB, energy in joules.
    """

    __slots__ = ("_events", "_handles", "_library", "_watched")

    def __init__(self, library: Any) -> None:
        self._library = library
        self._handles: dict[str, c_void_p] = {}
        self._events = c_void_p()
        self._watched: dict[int, str] = {}

    def uuid_at(self, index: int) -> str | None:
        """The UUID of the device with this number, in PCI order."""
        handle, name = c_void_p(), ctypes.create_string_buffer(_LONGEST_UUID)
        if self._call("nvmlDeviceGetHandleByIndex_v2", c_uint(index), byref(handle)) != _SUCCESS:
            return None
        if self._call("nvmlDeviceGetUUID", handle, name, c_uint(_LONGEST_UUID)) != _SUCCESS:
            return None
        return name.value.decode()

    def memory(self, uuid: str) -> tuple[int, int] | None:
        """Total and free memory."""
        found = _Memory()
        if not self._ask(uuid, "nvmlDeviceGetMemoryInfo", byref(found)):
            return None
        return found.total // _MIB, found.free // _MIB

    def processes(self, uuid: str) -> list[tuple[int, int]] | None:
        """PID and memory of all processes that compute there; memory 0 where it is not known."""
        room = _FIRST_ROOM
        while True:
            count, found = c_uint(room), (_Process * room)()
            code = self._list_processes(uuid, byref(count), found)
            if code == _SUCCESS:
                return [(process.pid, _mib(process.memory)) for process in found[: count.value]]
            if code != _TOO_SMALL or room >= _MOST_ROOM:
                return None
            room = 2 * max(room, count.value)

    def utilisation(self, uuid: str) -> int | None:
        """Percent of the last moment in which something computed."""
        found = _Rates()
        if not self._ask(uuid, "nvmlDeviceGetUtilizationRates", byref(found)):
            return None
        return int(found.gpu)

    def energy(self, uuid: str) -> float | None:
        """What the device has used since the driver was loaded."""
        found = c_ulonglong()
        if not self._ask(uuid, "nvmlDeviceGetTotalEnergyConsumption", byref(found)):
            return None
        return float(found.value / 1000)

    def watch(self, uuids: Iterable[str]) -> None:
        """Note from now on the XID errors of these devices, as far as the driver tells them."""
        if self._call("nvmlEventSetCreate", byref(self._events)) != _SUCCESS:
            return
        for uuid in uuids:
            if self._ask(uuid, "nvmlDeviceRegisterEvents", c_ulonglong(_XID_EVENT), self._events):
                self._watched[self._handles[uuid].value or 0] = uuid

    def xids(self) -> list[tuple[str, int]]:
        """UUID and number of every XID error since the last call; does not wait."""
        found: list[tuple[str, int]] = []
        while self._watched and len(found) < _MOST_EVENTS:
            event = self._next_event()
            if event is None:
                break
            if event.kind == _XID_EVENT and event.device in self._watched:
                found.append((self._watched[event.device], event.data))
        return found

    def close(self) -> None:
        """End the session."""
        if self._events:
            self._call("nvmlEventSetFree", self._events)
        self._call("nvmlShutdown")

    def _next_event(self) -> _Event | None:
        event = _Event()
        code = self._call("nvmlEventSetWait_v2", self._events, byref(event), c_uint(0))
        return event if code == _SUCCESS else None

    def _list_processes(self, uuid: str, *answers: Any) -> int:
        code = self._code(uuid, "nvmlDeviceGetComputeRunningProcesses_v3", *answers)
        if code == _LACKING:
            code = self._code(uuid, "nvmlDeviceGetComputeRunningProcesses_v2", *answers)
        return code

    def _ask(self, uuid: str, question: str, *answers: Any) -> bool:
        return self._code(uuid, question, *answers) == _SUCCESS

    def _code(self, uuid: str, question: str, *answers: Any) -> int:
        """NVML's answer about one device. Raises LostError, or GoneError when it is no more."""
        code = self._find(uuid)
        if code == _SUCCESS:
            code = self._call(question, self._handles[uuid], *answers)
        if code == _LOST:
            raise LostError(uuid)
        if code == _NOT_FOUND and uuid not in self._handles:
            raise GoneError(uuid)
        return code

    def _find(self, uuid: str) -> int:
        """See to it that the device's handle is known."""
        if uuid in self._handles and not uuid.startswith("MIG-"):
            return _SUCCESS
        self._handles.pop(
            uuid, None
        )  # a slice can be removed at any time, its handle tells nothing
        handle = c_void_p()
        code = self._call("nvmlDeviceGetHandleByUUID", uuid.encode(), byref(handle))
        if code == _SUCCESS:
            self._handles[uuid] = handle
        return code

    def _call(self, question: str, *values: Any) -> int:
        try:
            function = getattr(self._library, question)
        except AttributeError:  # an older driver
            return _LACKING
        return int(function(*values))


def _mib(memory: int) -> int:
    return 0 if memory == _UNKNOWN else memory // _MIB


def open_driver() -> Driver | None:
    """A session with the driver; None on a machine without one, or when it does not answer."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
        return Driver(library) if library.nvmlInit_v2() == _SUCCESS else None
    except (OSError, AttributeError):
        return None
