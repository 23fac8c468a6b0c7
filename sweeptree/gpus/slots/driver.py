"""What a keeper asks the NVIDIA driver: who computes on a device, how much memory is used, whether
it failed.

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
_SUCCESS, _TOO_SMALL, _LACKING, _LOST = 0, 7, 13, 15
_XID_EVENT = 0x8
_UNKNOWN = 2**64 - 1  # the memory of a process that may not be told


class LostError(Exception):
    """The driver cannot reach this device (`uuid`) any more."""

    def __init__(self, uuid: str) -> None:
        super().__init__(uuid)
        self.uuid = uuid


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

    def memory(self, uuid: str) -> tuple[int, int] | None:
        """Total and free memory."""
        found = _Memory()
        if not self._ask(uuid, "nvmlDeviceGetMemoryInfo", byref(found)):
            return None
        return found.total // _MIB, found.free // _MIB

    def processes(self, uuid: str) -> list[tuple[int, int]] | None:
        """PID and memory of every process that computes there; memory 0 where it may not be told."""
        room = 32
        while True:
            count, found = c_uint(room), (_Process * room)()
            code = self._code(uuid, "nvmlDeviceGetComputeRunningProcesses_v3", byref(count), found)
            if code == _LACKING:
                code = self._code(
                    uuid, "nvmlDeviceGetComputeRunningProcesses_v2", byref(count), found
                )
            if code == _TOO_SMALL and room < 4096:
                room = 2 * max(room, count.value)
                continue
            if code != _SUCCESS:
                return None
            return [
                (p.pid, 0 if p.memory == _UNKNOWN else p.memory // _MIB)
                for p in found[: count.value]
            ]

    def utilisation(self, uuid: str) -> int | None:
        """Percent of the last moment in which something computed."""
        found = _Rates()
        return found.gpu if self._ask(uuid, "nvmlDeviceGetUtilizationRates", byref(found)) else None

    def energy(self, uuid: str) -> float | None:
        """What the device has used since the driver was loaded."""
        found = c_ulonglong()
        return (
            found.value / 1000
            if self._ask(uuid, "nvmlDeviceGetTotalEnergyConsumption", byref(found))
            else None
        )

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
        while self._watched and len(found) < 64:
            event = _Event()
            if self._call("nvmlEventSetWait_v2", self._events, byref(event), c_uint(0)) != _SUCCESS:
                break
            if event.kind == _XID_EVENT and event.device in self._watched:
                found.append((self._watched[event.device], event.data))
        return found

    def close(self) -> None:
        """End the session."""
        if self._events:
            self._call("nvmlEventSetFree", self._events)
        self._call("nvmlShutdown")

    def _ask(self, uuid: str, question: str, *answers: Any) -> bool:
        return self._code(uuid, question, *answers) == _SUCCESS

    def _code(self, uuid: str, question: str, *answers: Any) -> int:
        """NVML's answer about one device. Raises LostError when that one is gone."""
        if uuid not in self._handles:
            handle = c_void_p()
            code = self._call("nvmlDeviceGetHandleByUUID", uuid.encode(), byref(handle))
            if code == _LOST:
                raise LostError(uuid)
            if code != _SUCCESS:
                return code
            self._handles[uuid] = handle
        code = self._call(question, self._handles[uuid], *answers)
        if code == _LOST:
            raise LostError(uuid)
        return code

    def _call(self, question: str, *values: Any) -> int:
        try:
            function = getattr(self._library, question)
        except AttributeError:  # an older driver
            return _LACKING
        return int(function(*values))


def open_driver() -> Driver | None:
    """A session with the driver; None on a machine without one, or when it does not answer."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
        return Driver(library) if library.nvmlInit_v2() == _SUCCESS else None
    except (OSError, AttributeError):
        return None
