"""Who uses which GPU now: jobs that hold slots, jobs that wait for them, strangers.

Hides that a look at a device may be wrong for a moment, so it is looked at twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeptree.gpus import slots
from sweeptree.gpus.detection import Detection
from sweeptree.model import Device

_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One line of `sweeptree gpus`.

    Memory in MiB, utilisation in percent; holders and waiters are owners' names. `state` is free,
    held, shared, busy or quarantined; `reason` says why it is busy or quarantined.
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


@dataclass(frozen=True, slots=True)
class _Use:
    """What is known of the slots and the use of some devices."""

    holders: dict[str, list[slots.Holder]]
    waiters: list[slots.Waiter]
    quarantines: dict[str, slots.Quarantine]
    used_by_others: frozenset[str]

    def state(self, uuid: str) -> tuple[str, str]:
        """The state of a device, and the reason for it."""
        quarantine = self.quarantines.get(uuid)
        if quarantine is not None:
            return "quarantined", f"since {quarantine.since}: {quarantine.reason}"
        if self.holders[uuid]:
            is_shared = all(holder.memory for holder in self.holders[uuid])
            return ("shared" if is_shared else "held"), ""
        return ("busy", "other processes") if uuid in self.used_by_others else ("free", "")


def table(detection: Detection, root: Path) -> list[GpuRow]:
    """The devices with who holds and who awaits them, from the slots below `root`.

    Changes nothing.
    """
    use = _look([device.uuid for device in detection.devices], str(root))
    rates = detection.utilisation
    return [_row(device, rates.get(device.uuid), use) for device in detection.devices]


def used_by_others(uuids: Sequence[str]) -> frozenset[str]:
    """Which of these devices, on which nobody holds a slot, others use.

    Seen so twice, a quarter of a second apart.
    """
    driver = slots.open_driver() if uuids else None
    if driver is None:
        return frozenset()
    try:
        once = _with_strangers(driver, uuids)
        if not once:
            return frozenset()
        time.sleep(_BETWEEN_LOOKS)
        return frozenset(_with_strangers(driver, once))
    finally:
        driver.close()


def _look(uuids: list[str], root: str) -> _Use:
    holders: dict[str, list[slots.Holder]] = {uuid: [] for uuid in uuids}
    for holder in slots.holders(root, uuids):
        holders[holder.uuid].append(holder)
    waiters = slots.waiters(root)
    quarantines = {found.uuid: found for found in slots.quarantined(root, uuids)}
    free = [uuid for uuid in uuids if uuid not in quarantines and not holders[uuid]]
    return _Use(holders, waiters, quarantines, used_by_others(free))


def _row(device: Device, utilisation: int | None, use: _Use) -> GpuRow:
    state, reason = use.state(device.uuid)
    waiters = [waiter.owner for waiter in use.waiters if device.uuid in waiter.uuids]
    return GpuRow(
        index=device.index,
        name=device.name,
        uuid=device.uuid,
        memory_total=device.memory_total,
        memory_free=device.memory_free,
        utilisation=utilisation,
        state=state,
        reason=reason,
        holders=tuple(_describe(holder) for holder in use.holders[device.uuid]),
        waiters=tuple(waiters),
    )


def _describe(holder: slots.Holder) -> str:
    owner = holder.owner or "unknown"
    return f"{owner} ({holder.memory / 1024:.1f} GB)" if holder.memory else owner


def _with_strangers(driver: slots.Driver, uuids: Iterable[str]) -> list[str]:
    return [uuid for uuid in uuids if _sees_strangers(driver, uuid)]


def _sees_strangers(driver: slots.Driver, uuid: str) -> bool:
    with suppress(slots.LostError):
        return slots.sees_strangers(driver, uuid, quiet=True)
    return False
