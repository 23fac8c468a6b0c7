"""Which GPUs this machine has, as its driver sees them.

Hides NVML (the only importer of `pynvml`): its errors, devices that fell off the bus, MIG, drivers
that lack a function. A machine without GPUs, or with a broken driver, is no error here but a
`Detection` that says why.
"""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sweeptree.gpus.visible import allotted, allowed, chosen, lacks_allotment
from sweeptree.model import Device

_MIB = 1024 * 1024
_CUDA_NAME = "CUDA_VISIBLE_DEVICES"
_NO_GRES = "this Slurm job was given none: ask for it with --gres=gpu:1"
_LIBRARY = "libnvidia-ml.so.1"
_NO_LIBRARY = 12
_WHY_NO_START = {  # NVML's error numbers (nvml.h, nvmlReturn_t)
    4: "this user may not talk to the NVIDIA driver",
    9: "the NVIDIA driver is not loaded",
    _NO_LIBRARY: "there is no NVIDIA driver on this machine (no libnvidia-ml.so.1)",
    18: "the NVIDIA driver was updated but not loaded anew: restart the machine",
}


@dataclass(frozen=True, slots=True)
class Detection:
    """The devices that jobs may be given, and why there are no others.

    `why` says in a sentence why `devices` is empty; `skipped` has a sentence for each GPU that
    cannot be used. `utilisation` is in percent by UUID, for the devices that tell it (MIG slices do
    not).
    """

    devices: tuple[Device, ...]
    driver: str | None
    why: str | None
    skipped: tuple[str, ...]
    utilisation: Mapping[str, int] = field(default_factory=dict)


class _UnusableError(Exception):
    """No GPU, or this GPU not; the text is a sentence for users."""


def detect(environ: Mapping[str, str] | None = None) -> Detection:
    """Look for the GPUs that `environ` (default: ours) allows. Never raises.

    CUDA_VISIBLE_DEVICES decides; without it a Slurm allocation does (SLURM_STEP_GPUS,
    SLURM_JOB_GPUS).
    """
    environ = os.environ if environ is None else environ
    try:
        with _session() as nvml:
            found = _Scan(nvml).run()
    except _UnusableError as error:
        return Detection(devices=(), driver=None, why=str(error), skipped=())
    if _CUDA_NAME in environ:
        return _left_by_cuda(found, environ[_CUDA_NAME])
    if found.devices and lacks_allotment(environ):
        return replace(found, devices=(), why=_NO_GRES)
    return replace(found, devices=allotted(found.devices, environ))


def narrowed(found: Detection, names: Sequence[str]) -> Detection:
    """What a spec's list of devices leaves: those named, and not those named with ^ in front.

    Raises UsageError for a name that means no device here, and when none is left.
    """
    if not names or not found.devices:
        return found
    return replace(found, devices=chosen(found.devices, names))


def _left_by_cuda(found: Detection, visible: str) -> Detection:
    devices = allowed(found.devices, visible)
    if devices or not found.devices:
        return replace(found, devices=devices)
    why = f"{_CUDA_NAME}={visible!r} hides all {len(found.devices)} GPUs"
    return replace(found, devices=(), why=why)


@contextmanager
def _session() -> Iterator[Any]:
    """NVML, started. Raises _UnusableError when it does not start or gives up on the way."""
    nvml = _load()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        unknown = f"the NVIDIA driver does not answer: {error}"
        raise _UnusableError(_WHY_NO_START.get(error.value, unknown)) from error
    try:
        yield nvml
    except nvml.NVMLError as error:
        raise _UnusableError(f"the NVIDIA driver does not answer: {error}") from error
    finally:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _load() -> Any:
    """pynvml, which takes 50 ms to import: only where there is a driver that it could ask."""
    _find_library()
    try:
        # the deprecated distribution `pynvml` warns when it is there too
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pynvml

            return pynvml
    except (ImportError, OSError) as error:
        raise _UnusableError(f"the Python module pynvml cannot be loaded: {error}") from error


def _find_library() -> None:
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise _UnusableError(_WHY_NO_START[_NO_LIBRARY]) from error


class _Scan:
    """One look at all GPUs, within a session."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._devices: list[Device] = []
        self._handles: dict[str, Any] = {}
        self._utilisation: dict[str, int] = {}
        self._skipped: list[str] = []

    def run(self) -> Detection:
        """The detection, before anybody's choice."""
        for index in range(self._nvml.nvmlDeviceGetCount()):
            self._look_at(index)
        skipped = tuple(self._skipped)
        why = None if self._devices else "; ".join(skipped) or "the NVIDIA driver sees no GPU"
        devices = tuple(self._with_links(device) for device in self._devices)
        version = self._ask("nvmlSystemGetDriverVersion")
        return Detection(devices, version, why, skipped, self._utilisation)

    def _look_at(self, index: int) -> None:
        try:
            for handle in self._usable_parts(index):
                self._add(handle, index)
        except _UnusableError as error:
            self._skipped.append(f"GPU {index} {error}")
        except self._nvml.NVMLError as error:
            self._skipped.append(f"GPU {index} {self._trouble(error)}")

    def _usable_parts(self, index: int) -> list[Any]:
        """The handles that jobs can compute on: the GPU itself, or its slices when MIG is on."""
        gpu = self._nvml.nvmlDeviceGetHandleByIndex(index)
        mode = self._ask("nvmlDeviceGetComputeMode", gpu)
        if mode == self._nvml.NVML_COMPUTEMODE_PROHIBITED:
            raise _UnusableError("forbids computing (its compute mode is 'prohibited')")
        mig = self._ask("nvmlDeviceGetMigMode", gpu)
        if mig is None or mig[0] != self._nvml.NVML_DEVICE_MIG_ENABLE:
            return [gpu]
        return self._slices(gpu)

    def _slices(self, gpu: Any) -> list[Any]:
        most = self._ask("nvmlDeviceGetMaxMigDeviceCount", gpu) or 0
        question = "nvmlDeviceGetMigDeviceHandleByIndex"
        answers = [self._ask(question, gpu, number) for number in range(most)]
        slices = [answer for answer in answers if answer is not None]  # the numbers have holes
        if not slices:
            raise _UnusableError("has MIG switched on and no slices made")
        return slices

    def _add(self, handle: Any, index: int) -> None:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
        device = Device(
            uuid=self._nvml.nvmlDeviceGetUUID(handle),
            index=index,
            name=self._ask("nvmlDeviceGetName", handle) or "NVIDIA GPU",
            memory_total=memory.total // _MIB,
            memory_free=memory.free // _MIB,
        )
        self._devices.append(device)
        self._handles[device.uuid] = handle
        rates = self._ask("nvmlDeviceGetUtilizationRates", handle)
        if rates is not None:
            self._utilisation[device.uuid] = int(rates.gpu)

    def _with_links(self, device: Device) -> Device:
        """With how far the other GPUs are: the level of the closest common ancestor."""
        links = [(other, self._level(device.uuid, other)) for other in self._handles]
        known = tuple((other, level) for other, level in links if level is not None)
        return replace(device, links=known)

    def _level(self, uuid: str, other: str) -> int | None:
        if uuid == other or uuid.startswith("MIG-") or other.startswith("MIG-"):
            return None
        pair = self._handles[uuid], self._handles[other]
        level = self._ask("nvmlDeviceGetTopologyCommonAncestor", *pair)
        return None if level is None else int(level)

    def _ask(self, question: str, *values: Any) -> Any:
        """What the driver answers, or None: no driver and no device can answer everything."""
        with suppress(self._nvml.NVMLError):
            return getattr(self._nvml, question)(*values)
        return None

    def _trouble(self, error: Any) -> str:
        if error.value == self._nvml.NVML_ERROR_GPU_IS_LOST:
            return "is lost (the driver cannot reach it any more): restart the machine"
        return f"cannot be used: {error}"
