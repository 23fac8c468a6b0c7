"""Whether a device is in use by processes that hold no slot of ours.

Hides how a process is known as ours: it descends from the keeper that holds the slot (seen also
across users), or carries the cookie of a job. All figures in MiB and percent.
"""

from __future__ import annotations

from sweeptree.system.processes import environment, parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from sweeptree.gpus.slots.driver import Driver

COOKIE = b"SWEEPTREE_COOKIE="
LEAST_USED = 1024  # below this a device counts as idle: the driver's own share, a desktop
USED_PART = 16  # or below this part of it, where that is more
BUSY_PERCENT = 25


def sees_strangers(driver: Driver, uuid: str, *, quiet: bool) -> bool:
    """Whether others use this device, on which nobody holds a slot. Raises LostError.

    `quiet`: no job of ours ended there a moment ago, so that the utilisation (an average over up to
    a second) tells of others. What an orphan of ours uses does not count.
    """
    ours = 0
    for pid, memory in driver.processes(uuid) or ():
        if not _has_cookie(pid):
            return True
        ours += memory
    if _is_used_beside(driver, uuid, ours):
        return True
    return quiet and not ours and (driver.utilisation(uuid) or 0) >= BUSY_PERCENT


def _is_used_beside(driver: Driver, uuid: str, ours: int) -> bool:
    """Whether more memory than an idle device has is used beside what is `ours`."""
    known = driver.memory(uuid)
    if known is None:
        return False
    total, free = known
    return total - free - ours >= max(LEAST_USED, total // USED_PART)


def has_room(driver: Driver, uuid: str, memory: int, keepers: dict[int, int]) -> bool:
    """Whether `memory` fits beside what `keepers` (PID: promised memory) were promised.

    Raises LostError.

    Memory that is free now may be promised to a young job, and promised memory may be taken by
    others: both count.
    """
    known = driver.memory(uuid)
    if known is None:
        return True
    total, free = known
    promised = sum(keepers.values())
    taken = _taken_by_strangers(driver, uuid, keepers.keys())
    return memory <= min(free, total - promised - taken)


def _taken_by_strangers(driver: Driver, uuid: str, keepers: Collection[int]) -> int:
    processes = driver.processes(uuid) or ()
    return sum(memory for pid, memory in processes if _is_stranger(pid, keepers))


def _is_stranger(pid: int, keepers: Collection[int]) -> bool:
    """False also for a process of another PID namespace: then the free memory decides."""
    return not _has_cookie(pid) and descends(pid, keepers) is False


def descends(pid: int, ancestors: Collection[int]) -> bool | None:
    """Whether a process is one of `ancestors` or descends from one; None: it is out of sight."""
    while pid > 1:
        if pid in ancestors:
            return True
        above = parent(pid)
        if above is None:
            return None
        pid = above
    return False


def _has_cookie(pid: int) -> bool:
    return (b"\0" + environment(pid)).find(b"\0" + COOKIE) >= 0
