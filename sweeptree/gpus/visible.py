"""Which of a machine's GPUs a process may use: what CUDA, Slurm and a user's list leave of them.

Hides how each of the three names devices. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sweeptree.errors import UsageError
from sweeptree.model import Device

Devices = tuple[Device, ...]
_HINT = "sweeptree gpus"


def allowed(devices: Devices, value: str | None) -> Devices:
    """What CUDA_VISIBLE_DEVICES=`value` leaves, in its order; None leaves all, '' none.

    As in the CUDA programming guide: indices or UUIDs, a UUID may be cut short while it is unique,
    and the first entry that fits no device hides itself and the rest. Indices count in PCI order,
    as NVML does.
    """
    if value is None:
        return devices
    chosen: dict[str, Device] = {}
    for entry in value.split(","):
        device = _shown_by(entry.strip(), devices)
        if device is None:
            break
        chosen[device.uuid] = device
    return tuple(chosen.values())


def allotted(devices: Devices, environ: Mapping[str, str]) -> Devices:
    """What a Slurm allocation leaves of the devices.

    Its numbers count the machine's GPUs in PCI order. Where Slurm hides the others from the driver
    too, all that are seen are ours, and the numbers do not fit them.
    """
    text = environ.get("SLURM_STEP_GPUS") or environ.get("SLURM_JOB_GPUS")
    numbers = _numbers(text) if text else None
    seen = {device.index for device in devices}
    if numbers is None or len(seen) <= len(numbers):
        return devices
    return tuple(device for device in devices if device.index in numbers)


def lacks_allotment(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of Slurm that was given no GPU: those that it sees are others'."""
    names = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS", "SLURM_GPUS_ON_NODE")
    return "SLURM_JOB_ID" in environ and not any(environ.get(name) for name in names)


def chosen(devices: Devices, names: Sequence[str]) -> Devices:
    """What a spec's list leaves: those named, and not those named with ^ in front.

    Raises UsageError for a name that means no device here, and when none is left.
    """
    wanted: list[Device] = []
    unwanted: list[Device] = []
    for name in names:
        meant = _meant(devices, name.removeprefix("^"))
        (unwanted if name.startswith("^") else wanted).extend(meant)
    left_out = {device.uuid for device in unwanted}
    base = wanted or devices
    left = {device.uuid: device for device in base if device.uuid not in left_out}
    if not left:
        raise UsageError(f"--devices {','.join(names)} leaves no GPU", hint=_HINT)
    return tuple(left.values())


def _shown_by(entry: str, devices: Devices) -> Device | None:
    """The device that one entry of CUDA_VISIBLE_DEVICES means."""
    if entry.isascii() and entry.isdecimal():
        same = [device for device in devices if device.index == int(entry)]
        return same[0] if same else None  # of a cut GPU: its first slice
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    fits = [device for device in devices if device.uuid.startswith(entry)]
    return fits[0] if len(fits) == 1 else None


def _meant(devices: Devices, name: str) -> list[Device]:
    """An index means all slices of a GPU, a UUID may be cut short."""
    if name.isdecimal():
        found = [device for device in devices if device.index == int(name)]
    else:
        found = [device for device in devices if device.uuid.startswith(name)]
    if not found:
        raise UsageError(f"--devices: there is no GPU {name} to choose", hint=_HINT)
    return found


def _numbers(text: str) -> set[int] | None:
    """The numbers of '0,2' or '0-3'; None for anything else, since Slurm may use other names."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            return None
        found.update(range(int(first), int(last or first) + 1))
    return found
