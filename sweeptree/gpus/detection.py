"""Which GPUs this machine has, and who uses them now.

Hides NVML (the only importer of `pynvml`): its errors, devices that fell off the bus, MIG, drivers
that lack a function. A machine without GPUs, or with a broken driver, is no error here but a
`Detection` that says why.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sweeptree.errors import UsageError
from sweeptree.gpus import slots
from sweeptree.model import Device

_MIB = 1024 * 1024
_BETWEEN_LOOKS = 0.25
_WHY_NO_START = {  # NVML's error numbers (nvml.h, nvmlReturn_t)
    4: "this user may not talk to the NVIDIA driver",
    9: "the NVIDIA driver is not loaded",
    12: "there is no NVIDIA driver on this machine (no libnvidia-ml.so.1)",
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


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One line of `sweeptree gpus`.

    Memory in MiB, utilisation in percent; holders and waiters are owners' names.

    `state` is free, held, shared, busy or quarantined; `reason` says why it is busy or quarantined.
    """

    index: int
    name: str
    uuid: str
    memory_total: int
    memory_free: int
    utilisation: int | None
    state: str
    holders: tuple[str, ...]
    waiters: tuple[str, ...]
    reason: str = ""


class _UnusableError(Exception):
    """No GPU, or this GPU not; the text is a sentence for users."""


def detect(environ: Mapping[str, str] | None = None) -> Detection:
    """Look for the GPUs that `environ` (default: ours) allows. Never raises.

    CUDA_VISIBLE_DEVICES decides; without it a Slurm allocation does (SLURM_STEP_GPUS,
    SLURM_JOB_GPUS).
    """
    around = os.environ if environ is None else environ
    try:
        with _session() as nvml:
            found = _scan(nvml)
            if "CUDA_VISIBLE_DEVICES" in around:
                return _narrowed(found, around["CUDA_VISIBLE_DEVICES"])
            return replace(found, devices=allotted(found.devices, around))
    except _UnusableError as error:
        return Detection(devices=(), driver=None, why=str(error), skipped=())


def allowed(devices: tuple[Device, ...], value: str | None) -> tuple[Device, ...]:
    """What CUDA_VISIBLE_DEVICES=`value` leaves of the devices, in its order; None leaves all, ''
    none.

    As in the CUDA programming guide: indices or UUIDs, a UUID may be cut short while it is unique,
    and the first entry that fits no device hides itself and the rest. Indices count in PCI order,
    as NVML does.
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


def allotted(devices: tuple[Device, ...], environ: Mapping[str, str]) -> tuple[Device, ...]:
    """What a Slurm allocation leaves of the devices.

    Its numbers count the machine's GPUs in PCI order.

    Where Slurm hides the others from the driver too, all that are seen are ours, and the numbers do
    not fit them.
    """
    text = environ.get("SLURM_STEP_GPUS") or environ.get("SLURM_JOB_GPUS")
    numbers = _numbers(text) if text else None
    if numbers is None or len({device.index for device in devices}) <= len(numbers):
        return devices
    return tuple(device for device in devices if device.index in numbers)


def narrowed(found: Detection, names: Sequence[str]) -> Detection:
    """What a spec's list of devices leaves: those named, and not those named with ^ in front.

    Raises UsageError for a name that means no device here, and when none is left.
    """
    if not names or not found.devices:
        return found
    chosen = {name: _meant(found.devices, name.removeprefix("^")) for name in names}
    for name, meant in chosen.items():
        if not meant:
            raise UsageError(
                f"--devices: there is no GPU {name.removeprefix('^')} to choose",
                hint="sweeptree gpus",
            )
    left_out = {
        device.uuid for name, meant in chosen.items() if name.startswith("^") for device in meant
    }
    wanted = [
        device for name, meant in chosen.items() if not name.startswith("^") for device in meant
    ]
    devices = {
        device.uuid: device for device in wanted or found.devices if device.uuid not in left_out
    }
    if not devices:
        raise UsageError(f"--devices {','.join(names)} leaves no GPU", hint="sweeptree gpus")
    return replace(found, devices=tuple(devices.values()))


def capacity(devices: Sequence[Device], per_job: int, memory: int | None) -> int:
    """How many jobs can have `per_job` of these GPUs at once, with `memory` MiB of each or the
    whole of them."""
    if not per_job:
        return 0
    rooms = [
        min(device.memory_total // memory, slots.SLOTS_PER_DEVICE) if memory else 1
        for device in devices
    ]
    if per_job == 1:
        return sum(rooms)
    return next(
        n
        for n in range(sum(rooms) // per_job, -1, -1)
        if sum(min(room, n) for room in rooms) >= n * per_job
    )


def limit_name(host: str) -> str:
    """The tag, and the concurrency limit of the engine, that guards a host's GPUs."""
    return f"gpu:{host}"


def tags(devices: tuple[Device, ...], host: str) -> tuple[str, ...]:
    """The tags of a task that uses one of these devices; none without devices."""
    if not devices:
        return ()
    models = dict.fromkeys(f"gpu-model:{_model(device.name)}" for device in devices)
    return ("gpu", limit_name(host), *models)


def limit_size(devices: Sequence[Device], memory: int | None) -> int:
    """How many jobs may pass the engine's limit: one per slot, and one waiting behind each.

    The engine's limit must not lie between a freed GPU and the next start, so a job passes it early
    and its keeper then waits for the slot.
    """
    return 2 * max(len(devices), capacity(devices, 1, memory))


def table(detection: Detection, root: Path) -> list[GpuRow]:
    """The devices with who holds them and who waits for them, from the slots below `root`.

    Changes nothing.
    """
    uuids = [device.uuid for device in detection.devices]
    held = slots.holders(str(root), uuids)
    waiting = slots.waiters(str(root))
    sick = {found.uuid: found for found in slots.quarantined(str(root), uuids)}
    free = [uuid for uuid in uuids if uuid not in sick and not any(h.uuid == uuid for h in held)]
    others = used_by_others(free)
    rows = []
    for device in detection.devices:
        holders = [h for h in held if h.uuid == device.uuid]
        state, reason = _state(sick.get(device.uuid), holders, device.uuid in others)
        rows.append(
            GpuRow(
                index=device.index,
                name=device.name,
                uuid=device.uuid,
                memory_total=device.memory_total,
                memory_free=device.memory_free,
                utilisation=detection.utilisation.get(device.uuid),
                state=state,
                reason=reason,
                holders=tuple(_told(h) for h in holders),
                waiters=tuple(w.owner for w in waiting if device.uuid in w.uuids),
            )
        )
    return rows


def used_by_others(uuids: Sequence[str]) -> frozenset[str]:
    """Which of these devices, on which nobody holds a slot, others use: seen so twice, a quarter of
    a second apart."""
    driver = slots.open_driver() if uuids else None
    if driver is None:
        return frozenset()
    try:
        once = [uuid for uuid in uuids if _sees_strangers(driver, uuid)]
        if once:
            time.sleep(_BETWEEN_LOOKS)
        return frozenset(uuid for uuid in once if _sees_strangers(driver, uuid))
    finally:
        driver.close()


def _sees_strangers(driver: slots.Driver, uuid: str) -> bool:
    with suppress(slots.LostError):
        return slots.sees_strangers(driver, uuid, quiet=True)
    return False


def _state(
    sick: slots.Quarantine | None, holders: Sequence[slots.Holder], others: bool
) -> tuple[str, str]:
    if sick is not None:
        return "quarantined", f"since {sick.since}: {sick.reason}"
    if holders:
        return ("shared" if all(holder.memory for holder in holders) else "held"), ""
    return ("busy", "other processes") if others else ("free", "")


def _told(holder: slots.Holder) -> str:
    owner = holder.owner or "unknown"
    return f"{owner} ({holder.memory / 1024:.1f} GB)" if holder.memory else owner


@contextmanager
def _session() -> Iterator[Any]:
    """NVML, started.

    Raises _UnusableError with the reason when it does not start or gives up on the way.
    """
    try:
        with (
            warnings.catch_warnings()
        ):  # the deprecated distribution `pynvml` warns when it is there too
            warnings.simplefilter("ignore")
            import pynvml as nvml
    except (ImportError, OSError) as error:
        raise _UnusableError(f"the Python module pynvml cannot be loaded: {error}") from error
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise _UnusableError(
            _WHY_NO_START.get(error.value, f"the NVIDIA driver does not answer: {error}")
        ) from error
    try:
        yield nvml
    except nvml.NVMLError as error:
        raise _UnusableError(f"the NVIDIA driver does not answer: {error}") from error
    finally:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _scan(nvml: Any) -> Detection:
    found: list[Device] = []
    handles: dict[str, Any] = {}
    busy: dict[str, int] = {}
    skipped: list[str] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            for handle in _usable_parts(nvml, index):
                device = _device(nvml, handle, index)
                found.append(device)
                handles[device.uuid] = handle
                rates = _ask(nvml, "nvmlDeviceGetUtilizationRates", handle)
                if rates is not None:
                    busy[device.uuid] = int(rates.gpu)
        except _UnusableError as error:
            skipped.append(f"GPU {index} {error}")
        except nvml.NVMLError as error:
            skipped.append(f"GPU {index} {_trouble(nvml, error)}")
    why = None if found else "; ".join(skipped) or "the NVIDIA driver sees no GPU"
    devices = tuple(replace(device, links=_links(nvml, device.uuid, handles)) for device in found)
    return Detection(devices, _ask(nvml, "nvmlSystemGetDriverVersion"), why, tuple(skipped), busy)


def _links(nvml: Any, uuid: str, handles: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """How far the other GPUs are from this one: the level of the closest common ancestor, as far as
    it is told."""
    levels = {
        other: _ask(nvml, "nvmlDeviceGetTopologyCommonAncestor", handles[uuid], handle)
        for other, handle in handles.items()
        if other != uuid and not uuid.startswith("MIG-") and not other.startswith("MIG-")
    }
    return tuple((other, int(level)) for other, level in levels.items() if level is not None)


def _usable_parts(nvml: Any, index: int) -> list[Any]:
    """The handles that jobs can compute on: the GPU itself, or its slices when MIG is on."""
    gpu = nvml.nvmlDeviceGetHandleByIndex(index)
    if _ask(nvml, "nvmlDeviceGetComputeMode", gpu) == nvml.NVML_COMPUTEMODE_PROHIBITED:
        raise _UnusableError("forbids computing (its compute mode is 'prohibited')")
    mode = _ask(nvml, "nvmlDeviceGetMigMode", gpu)
    if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return [gpu]
    most = _ask(nvml, "nvmlDeviceGetMaxMigDeviceCount", gpu) or 0
    parts = [
        _ask(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", gpu, number) for number in range(most)
    ]
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
        fits = [device for device in devices if device.index == int(entry)][
            :1
        ]  # of a cut GPU: its first slice
    elif entry.startswith(("GPU-", "MIG-")):
        fits = [device for device in devices if device.uuid.startswith(entry)]
    else:
        fits = []
    return fits[0] if len(fits) == 1 else None


def _meant(devices: tuple[Device, ...], name: str) -> list[Device]:
    """The devices that a name means: an index means all slices of a GPU, a UUID may be cut short."""
    if name.isdecimal():
        return [device for device in devices if device.index == int(name)]
    return [device for device in devices if device.uuid.startswith(name)]


def _numbers(text: str) -> set[int] | None:
    """The numbers of '0,2' or '0-3'; None when it is something else (Slurm may name GPUs
    otherwise)."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            return None
        found.update(range(int(first), int(last or first) + 1))
    return found


def _model(name: str) -> str:
    """'NVIDIA GeForce RTX 4090' → 'rtx-4090'."""
    words = re.sub(r"\b(NVIDIA|GeForce)\b", " ", name)
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-") or "unknown"
