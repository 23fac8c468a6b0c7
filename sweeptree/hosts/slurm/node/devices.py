"""The GPUs of a task: those that Slurm gave it by gres, whatever else the driver shows."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sweeptree.gpus.slots import Driver
    from sweeptree.supervise.command import Attempt

VISIBLE = "CUDA_VISIBLE_DEVICES"


def given() -> list[str]:
    """Their names, as Slurm tells them: numbers or UUIDs; none without gres."""
    return [name for name in os.environ.get(VISIBLE, "").split(",") if name]


def attach(attempt: Attempt, folder: str) -> None:
    """Have the attempt measure what its GPUs do. `folder`: where a failed one is noted."""
    names = given()
    if not names:
        return
    from sweeptree.gpus import slots  # only here: most jobs need none

    driver = slots.open_driver()
    attempt.gpus = names
    if driver is None:
        return
    uuids = [_uuid(driver, name) for name in names]
    attempt.gpus = [uuid or name for uuid, name in zip(uuids, names)]  # noqa: B905 - old Pythons
    if all(uuids):
        from sweeptree.supervise.meter import Meter

        attempt.meter = Meter(driver, folder, attempt.gpus, alone=True)


def _uuid(driver: Driver, name: str) -> str | None:
    return driver.uuid_at(int(name)) if name.isdecimal() else name
