"""Which GPUs this machine has, and who uses them now.

Hides NVML (the only importer of `pynvml`): its errors, devices that fell off the bus, MIG, drivers that lack a
function. A machine without GPUs, or with a broken driver, is no error here but a `Detection` that says why.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sweeptree import slots
from sweeptree.model import Device

_MIB = 1024 * 1024
_WHY_NO_START = {  # NVML's error numbers (nvml.h, nvmlReturn_t)
    4: "this user may not talk to the NVIDIA driver",
    9: "the NVIDIA driver is not loaded",
    12: "there is no NVIDIA driver on this machine (no libnvidia-ml.so.1)",
    18: "the NVIDIA driver was updated but not loaded anew: restart the machine",
}


@dataclass(frozen=True, slots=True)
class Detection:
    """The devices that jobs may be given, and why there are no others.

    `why` says in a sentence why `devices` is empty; `skipped` has a sentence for each GPU that cannot be used.
    `utilisation` is in percent by UUID, for the devices that tell it (MIG slices do not).
    """

    devices: tuple[Device, ...]
    driver: str | None
    why: str | None
    skipped: tuple[str, ...]
    utilisation: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One line of `sweeptree gpus`. Memory in MiB, utilisation in percent; holders and waiters are owners' names."""

    index: int
    name: str
    uuid: str
    memory_total: int
    memory_free: int
    utilisation: int | None
    state: str
    holders: tuple[str, ...]
    waiters: tuple[str, ...]


class _UnusableError(Exception):
    """No GPU, or this GPU not; the text is a sentence for users."""


def detect(environ: Mapping[str, str] | None = None) -> Detection:
    """Look for the GPUs that CUDA_VISIBLE_DEVICES (of `environ`, default: ours) allows. Never raises."""
    visible = (os.environ if environ is None else environ).get("CUDA_VISIBLE_DEVICES")
    try:
        with _session() as nvml:
            return _narrowed(_scan(nvml), visible)
    except _UnusableError as error:
        return Detection(devices=(), driver=None, why=str(error), skipped=())


def allowed(devices: tuple[Device, ...], value: str | None) -> tuple[Device, ...]:
    """What CUDA_VISIBLE_DEVICES=`value` leaves of the devices, in its order; None leaves all, '' none.

    As in the CUDA programming guide: indices or UUIDs, a UUID may be cut short while it is unique, and the first
    entry that fits no device hides itself and the rest. Indices count in PCI order, as NVML does.
    """
    if value is None:
        return devices
    chosen: dict[str, Device] = {}
    for entry in value.split(","):
        device = _named(devices, entry.strip())
        if device is None:
            break
        chosen[device.uuid] = device
    return tuple(chosen.values())


def limit_name(host: str) -> str:
    """The tag, and the concurrency limit of the engine, that guards a host's GPUs."""
    return f"gpu:{host}"


def tags(devices: tuple[Device, ...], host: str) -> tuple[str, ...]:
    """The tags of a task that uses one of these devices; none without devices."""
    if not devices:
        return ()
    models = dict.fromkeys(f"gpu-model:{_model(device.name)}" for device in devices)
    return ("gpu", limit_name(host), *models)


def limit_size(n_devices: int, per_job: int) -> int:
    """How many jobs may pass the engine's limit: one per slot, and one waiting behind each. 0: no job ever fits.

    The engine's limit must not lie between a freed GPU and the next start, so a job passes it early and its
    keeper then waits for the slot.
    """
    return 2 * (n_devices // max(per_job, 1))


def table(detection: Detection, root: Path) -> list[GpuRow]:
    """The devices with who holds them and who waits for them, from the slots below `root`. Changes nothing."""
    held = slots.holders(str(root), [device.uuid for device in detection.devices])
    waiting = slots.waiters(str(root))
    rows = []
    for device in detection.devices:
        owners = tuple(h.owner or "unknown" for h in held if h.uuid == device.uuid)
        rows.append(
            GpuRow(
                index=device.index,
                name=device.name,
                uuid=device.uuid,
                memory_total=device.memory_total,
                memory_free=device.memory_free,
                utilisation=detection.utilisation.get(device.uuid),
                state="held" if len(owners) >= slots.SLOTS_PER_DEVICE else "free",
                holders=owners,
                waiters=tuple(w.owner for w in waiting if device.uuid in w.uuids),
            )
        )
    return rows


@contextmanager
def _session() -> Iterator[Any]:
    """NVML, started. Raises _UnusableError with the reason when it does not start or gives up on the way."""
    try:
        with warnings.catch_warnings():  # the deprecated distribution `pynvml` warns when it is there too
            warnings.simplefilter("ignore")
            import pynvml as nvml
    except (ImportError, OSError) as error:
        raise _UnusableError(f"the Python module pynvml cannot be loaded: {error}") from error
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise _UnusableError(_WHY_NO_START.get(error.value, f"the NVIDIA driver does not answer: {error}")) from error
    try:
        yield nvml
    except nvml.NVMLError as error:
        raise _UnusableError(f"the NVIDIA driver does not answer: {error}") from error
    finally:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _scan(nvml: Any) -> Detection:
    found: list[Device] = []
    busy: dict[str, int] = {}
    skipped: list[str] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            for handle in _usable_parts(nvml, index):
                device = _device(nvml, handle, index)
                found.append(device)
                rates = _ask(nvml, "nvmlDeviceGetUtilizationRates", handle)
                if rates is not None:
                    busy[device.uuid] = int(rates.gpu)
        except _UnusableError as error:
            skipped.append(f"GPU {index} {error}")
        except nvml.NVMLError as error:
            skipped.append(f"GPU {index} {_trouble(nvml, error)}")
    why = None if found else "; ".join(skipped) or "the NVIDIA driver sees no GPU"
    return Detection(tuple(found), _ask(nvml, "nvmlSystemGetDriverVersion"), why, tuple(skipped), busy)


def _usable_parts(nvml: Any, index: int) -> list[Any]:
    """The handles that jobs can compute on: the GPU itself, or its slices when MIG is on."""
    gpu = nvml.nvmlDeviceGetHandleByIndex(index)
    if _ask(nvml, "nvmlDeviceGetComputeMode", gpu) == nvml.NVML_COMPUTEMODE_PROHIBITED:
        raise _UnusableError("forbids computing (its compute mode is 'prohibited')")
    mode = _ask(nvml, "nvmlDeviceGetMigMode", gpu)
    if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return [gpu]
    most = _ask(nvml, "nvmlDeviceGetMaxMigDeviceCount", gpu) or 0
    parts = [_ask(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", gpu, number) for number in range(most)]
    slices = [part for part in parts if part is not None]  # the numbers have holes
    if not slices:
        raise _UnusableError("has MIG switched on and no slices made")
    return slices


def _device(nvml: Any, handle: Any, index: int) -> Device:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Device(
        uuid=nvml.nvmlDeviceGetUUID(handle),
        index=index,
        name=_ask(nvml, "nvmlDeviceGetName", handle) or "NVIDIA GPU",
        memory_total=memory.total // _MIB,
        memory_free=memory.free // _MIB,
    )


def _ask(nvml: Any, question: str, *values: Any) -> Any:
    """What the driver answers, or None: no driver and no device can answer everything."""
    with suppress(nvml.NVMLError):
        return getattr(nvml, question)(*values)
    return None


def _trouble(nvml: Any, error: Any) -> str:
    if error.value == nvml.NVML_ERROR_GPU_IS_LOST:
        return "is lost (the driver cannot reach it any more): restart the machine"
    return f"cannot be used: {error}"


def _narrowed(found: Detection, visible: str | None) -> Detection:
    devices = allowed(found.devices, visible)
    if devices or not found.devices:
        return replace(found, devices=devices)
    why = f"CUDA_VISIBLE_DEVICES={visible!r} hides all {len(found.devices)} GPUs"
    return replace(found, devices=(), why=why)


def _named(devices: tuple[Device, ...], entry: str) -> Device | None:
    """The device that one entry of CUDA_VISIBLE_DEVICES means."""
    if entry.isascii() and entry.isdecimal():
        fits = [device for device in devices if device.index == int(entry)][:1]  # of a cut GPU: its first slice
    elif entry.startswith(("GPU-", "MIG-")):
        fits = [device for device in devices if device.uuid.startswith(entry)]
    else:
        fits = []
    return fits[0] if len(fits) == 1 else None


def _model(name: str) -> str:
    """'NVIDIA GeForce RTX 4090' → 'rtx-4090'."""
    words = re.sub(r"\b(NVIDIA|GeForce)\b", " ", name)
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-") or "unknown"
