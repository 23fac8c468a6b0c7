"""The hosts that a sweep names, as they are now: their slots for its jobs, and what is missing."""

from __future__ import annotations

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.gpus import capacity
from sweeptree.hosts.inventory import Inventory
from sweeptree.hosts.lanes.planning import Station
from sweeptree.hosts.options import with_options
from sweeptree.hosts.setting_up import Checked, check
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
    memory = checked.entry.gpu_memory
    free = f"{checked.facts.disk_free / 2**30:.0f} GB free"
    kinds = f"{len(memory)} GPU{'s' * (len(memory) != 1)}, " if memory else ""
    return Station(host, _slots(spec, memory, checked.facts.cpus), kinds + free)


def _trouble(checked: Checked) -> SweeptreeError | None:
    """All that is wrong with a host as one error."""
    troubles = checked.troubles
    if len(troubles) < 2:
        return troubles[0] if troubles else None
    hints = dict.fromkeys(hint for trouble in troubles for hint in trouble.hint)
    return Refused("; ".join(trouble.message for trouble in troubles), hint=tuple(hints))


def _slots(spec: SweepSpec, memory: tuple[int, ...], cores: int) -> int:
    """How many of the sweep's jobs such a machine takes at once, as its own plan will say."""
    per_job = spec.gpus if spec.gpus is not None else min(len(memory), 1)
    if not per_job:
        return cores
    return capacity(_devices(memory), per_job, spec.gpu_mem)


def _devices(memory: tuple[int, ...]) -> tuple[Device, ...]:
    return tuple(
        Device(f"GPU-{index}", index, "", memory_total=mib, memory_free=mib)
        for index, mib in enumerate(memory)
    )
