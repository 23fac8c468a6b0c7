"""What a job does to its GPUs, looked at once a second; and whether they still work.

Standard library only.

Hides the sampling: peak memory of the job's own processes, mean utilisation, energy as a difference
of counters.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from sweeptree.gpus import slots

PERIOD = 1.0
FIRST = 0.2  # seconds: so that a short job is seen at all
BAD_XIDS = frozenset(
    (48, 63, 74, 79, 94, 95)
)  # memory and link errors, off the bus: see NVIDIA's XID catalogue


class Meter:
    """Samples the devices `uuids` of a claim.

    `alone`: nobody shares them, so all memory used there is the job's.
    """

    def __init__(self, driver: Any, root: str, uuids: list[str], *, alone: bool) -> None:
        self.fault: str | None = None
        self._driver = driver
        self._root = root
        self._uuids = uuids
        self._alone = alone
        self._peak = 0
        self._seen = False
        self._utilisation: list[float] = []
        self._used_before = {uuid: self._ask("memory", uuid) for uuid in uuids}
        self._energy_before = {uuid: self._ask("energy", uuid) for uuid in uuids}
        with contextlib.suppress(slots.LostError):  # just noticed
            driver.watch(uuids)
        self.due = time.monotonic() + FIRST

    def sample(self) -> str | None:
        """Look once. Returns why the job must end now (a device failed), or None."""
        self.due = time.monotonic() + PERIOD
        memory = sum(self._memory(uuid) for uuid in self._uuids)
        self._peak = max(self._peak, memory)
        rates = [
            rate for uuid in self._uuids if (rate := self._ask("utilisation", uuid)) is not None
        ]
        if rates:
            self._utilisation.append(sum(rates) / len(rates))
        return self.check()

    def check(self) -> str | None:
        """Whether a device has failed since the last look: the reason, and the device is put into
        quarantine."""
        for uuid, code in self._driver.xids():
            if code in BAD_XIDS:
                self._failed(uuid, f"XID error {code}")
        if self.fault is None:
            for uuid in self._uuids:
                self._ask("memory", uuid)
        return self.fault

    def close(self) -> dict[str, float | None]:
        """The last look, and the figures for the outcome."""
        used = [self._used(uuid) for uuid in self._uuids]
        known = [joules for joules in used if joules is not None]
        seen = self._seen or self._peak > 0
        return {
            "peak_vram_mb": float(self._peak) if seen else None,
            "gpu_util_mean": round(sum(self._utilisation) / len(self._utilisation), 1)
            if self._utilisation
            else None,
            "gpu_energy_j": round(sum(known), 3) if known else None,
        }

    def _used(self, uuid: str) -> float | None:
        before, now = self._energy_before[uuid], self._ask("energy", uuid)
        return max(0.0, now - before) if before is not None and now is not None else None

    def _memory(self, uuid: str) -> int:
        """What the job's processes use; where the driver shows none of them (a container), what was
        not used before."""
        keeper = (os.getpid(),)
        own = [
            memory
            for pid, memory in self._ask("processes", uuid) or ()
            if slots.descends(pid, keeper)
        ]
        if own and any(own):
            self._seen = True
            return sum(own)
        before, now = self._used_before[uuid], self._ask("memory", uuid)
        if not self._alone or before is None or now is None:
            return 0
        self._seen = True
        return max(0, int(before[1] - now[1]))

    def _ask(self, what: str, uuid: str) -> Any:
        try:
            return getattr(self._driver, what)(uuid)
        except slots.LostError:
            self._failed(uuid, "it was lost: the driver cannot reach it any more")
            return None

    def _failed(self, uuid: str, why: str) -> None:
        if self.fault is not None:
            return
        self.fault = f"GPU {uuid} failed: {why}"
        with contextlib.suppress(
            OSError
        ):  # a full disk: then the next keeper meets the failure itself
            slots.put_into_quarantine(self._root, uuid, why)
