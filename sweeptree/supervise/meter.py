"""What a job does to its GPUs, looked at once a second; and whether they still work.

Hides the sampling: peak memory of the job's own processes, mean utilisation, energy as a difference
of counters. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import time

from sweeptree.gpus import slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PERIOD = 1.0
FIRST = 0.2  # seconds: so that a short job is seen at all
# memory and link errors, off the bus: see NVIDIA's XID catalogue
BAD_XIDS = frozenset((48, 63, 74, 79, 94, 95))


class Meter:
    """Samples the devices `uuids` of a claim.

    `alone`: nobody shares them, so all memory used there is the job's.
    """

    def __init__(self, driver: slots.Driver, root: str, uuids: list[str], *, alone: bool) -> None:
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
        self._sample_utilisation()
        return self.check()

    def check(self) -> str | None:
        """Why a device has failed since the last look, or None; it is put into quarantine."""
        for uuid, code in self._driver.xids():
            if code in BAD_XIDS:
                self._failed(uuid, f"XID error {code}")
        if self.fault is None:
            for uuid in self._uuids:
                self._ask("memory", uuid)
        return self.fault

    def close(self) -> dict[str, float | None]:
        """The last look, and the figures for the outcome."""
        energy = self._energy()
        seen = self._seen or self._peak > 0
        utilisation = _mean(self._utilisation)
        return {
            "peak_vram_mb": float(self._peak) if seen else None,
            "gpu_util_mean": None if utilisation is None else round(utilisation, 1),
            "gpu_energy_j": None if energy is None else round(energy, 3),
        }

    def _sample_utilisation(self) -> None:
        answers = [self._ask("utilisation", uuid) for uuid in self._uuids]
        mean = _mean([rate for rate in answers if rate is not None])
        if mean is not None:
            self._utilisation.append(mean)

    def _energy(self) -> float | None:
        """What all devices together have used, in joules; None when none of them says so."""
        used = [self._energy_of(uuid) for uuid in self._uuids]
        known = [joules for joules in used if joules is not None]
        return sum(known) if known else None

    def _energy_of(self, uuid: str) -> float | None:
        before, now = self._energy_before[uuid], self._ask("energy", uuid)
        if before is None or now is None:
            return None
        return max(0.0, float(now - before))

    def _memory(self, uuid: str) -> int:
        """What the job's processes use, in MiB.

        Where the driver shows none of them (a container): what was not used before.
        """
        own = self._own_memory(uuid)
        if own:
            self._seen = True
            return own
        before, now = self._used_before[uuid], self._ask("memory", uuid)
        if not self._alone or before is None or now is None:
            return 0
        self._seen = True
        return max(0, int(before[1] - now[1]))

    def _own_memory(self, uuid: str) -> int:
        keeper = (os.getpid(),)
        processes = self._ask("processes", uuid) or ()
        return sum(memory for pid, memory in processes if slots.descends(pid, keeper))

    def _ask(self, what: str, uuid: str) -> Any:
        try:
            return getattr(self._driver, what)(uuid)
        except slots.GoneError:
            self._note_gone(uuid)
        except slots.LostError:
            self._failed(uuid, "it was lost: the driver cannot reach it any more")
        return None

    def _note_gone(self, uuid: str) -> None:
        """A removed MIG slice ends its job, but nothing is broken: no quarantine."""
        if self.fault is None:
            self.fault = f"GPU {uuid} failed: there is no such device any more"

    def _failed(self, uuid: str, why: str) -> None:
        if self.fault is not None:
            return
        self.fault = f"GPU {uuid} failed: {why}"
        # a full disk: then the next keeper meets the failure itself
        with contextlib.suppress(OSError):
            slots.put_into_quarantine(self._root, uuid, why)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
