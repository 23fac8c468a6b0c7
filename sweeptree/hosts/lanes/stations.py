"""The hosts that a sweep names, as they are now: their slots for its jobs, and what is missing."""

from __future__ import annotations

from sweeptree.errors import Refused, SweeptreeError, UsageError
from sweeptree.gpus import Detection, capacity, narrowed
from sweeptree.hosts.clock import Clock
from sweeptree.hosts.inventory import Entry, Inventory
from sweeptree.hosts.lanes.planning import Station
from sweeptree.hosts.options import with_options
from sweeptree.hosts.setting_up import Checked, check
from sweeptree.hosts.setting_up.probe import Facts
from sweeptree.model import Device, SweepSpec
from sweeptree.settings import Settings


def stations_of(spec: SweepSpec, settings: Settings) -> list[Station]:
    """Look at the sweep's hosts, all at once. Raises UsageError for a host that was not added."""
    entries = Inventory(settings.home).chosen(spec.hosts)
    return [_station(spec, each) for each in check(entries, settings.ssh_config)]


def _station(spec: SweepSpec, checked: Checked) -> Station:
    host = with_options(checked.entry.host, spec.repo)
    trouble = _trouble(checked)
    if trouble is not None or checked.facts is None:
        return Station(host, 0, trouble=trouble)
    try:
        devices = _devices(checked.entry, spec)
    except UsageError as error:
        return Station(host, 0, trouble=_not_chosen(host.name, error))
    slots = _slots(spec, devices, checked.facts.cpus)
    words = _words(host.name, devices, checked.facts)
    return Station(host, slots, words, devices=devices, clock_ahead=checked.facts.clock_ahead)


def _words(name: str, devices: tuple[Device, ...], facts: Facts) -> str:
    """What a plan says of a machine."""
    kinds = f"{len(devices)} GPU{'s' * (len(devices) != 1)}" if devices else ""
    free = f"{facts.disk_free / 2**30:.0f} GB free"
    remark = Clock(name, facts.clock_ahead).remark
    return ", ".join(word for word in (kinds, free, remark) if word)


def _trouble(checked: Checked) -> SweeptreeError | None:
    """All that is wrong with a host as one error."""
    troubles = checked.troubles
    if len(troubles) < 2:
        return troubles[0] if troubles else None
    hints = dict.fromkeys(hint for trouble in troubles for hint in trouble.hint)
    return Refused("; ".join(trouble.message for trouble in troubles), hint=tuple(hints))


def _slots(spec: SweepSpec, devices: tuple[Device, ...], cores: int) -> int:
    """How many of the sweep's jobs such a machine takes at once, as its own plan will say."""
    per_job = spec.gpus if spec.gpus is not None else min(len(devices), 1)
    if not per_job:
        return cores
    return capacity(devices, per_job, spec.gpu_mem)


def _devices(entry: Entry, spec: SweepSpec) -> tuple[Device, ...]:
    """Those of its GPUs that the sweep may use, by the memory that they have."""
    devices = tuple(
        Device(gpu.uuid, gpu.index, gpu.name, memory_total=gpu.memory, memory_free=gpu.memory)
        for gpu in entry.gpus
    )
    found = Detection(devices=devices, driver=None, why=None, skipped=())
    return narrowed(found, spec.devices).devices


def _not_chosen(name: str, error: UsageError) -> UsageError:
    """Why the sweep's choice of GPUs leaves none on a host."""
    return UsageError(f"{name}: {error.message}", hint="sweeptree hosts list --json")
