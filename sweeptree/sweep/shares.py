"""How a sweep shares out the machine: how many jobs at once, and how many GPUs each."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sweeptree.errors import Refused
from sweeptree.gpus import Detection, capacity, narrowed
from sweeptree.model import SweepSpec


@dataclass(frozen=True, slots=True)
class Shares:
    """`parallel` jobs at once, each with `per_job` of the detected GPUs.

    `places`: where they run, a line each; none: on this machine.
    """

    detection: Detection
    per_job: int
    parallel: int
    places: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of this, one sentence each."""
        skipped = self.detection.skipped
        if self.places:
            return skipped
        if not self.detection.devices:
            why = self.detection.why or "none found"
            return (*skipped, f"no GPU: {why}; the cores are the slots")
        if not self.per_job:
            return (*skipped, "the jobs ask for no GPU; the cores are the slots")
        return skipped


def share_out(spec: SweepSpec, detected: Detection, jobs: int) -> Shares:
    """The shares of this many jobs. Raises Refused where the machine can never give them."""
    detection = narrowed(detected, spec.devices)
    per_job = _gpus_per_job(spec, detection)
    _check_memory(spec, detection, per_job)
    wanted = spec.parallel or default_parallel(detection, per_job, spec.gpu_mem)
    return Shares(detection, per_job, min(wanted, max(1, jobs)))


def default_parallel(detection: Detection, per_job: int, memory: int | None = None) -> int:
    """As many jobs at once as there are GPU slots; without GPUs, as many as cores."""
    slots = capacity(detection.devices, per_job, memory) if per_job else _cores()
    return max(1, slots)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpus_per_job(spec: SweepSpec, detection: Detection) -> int:
    have = len(detection.devices)
    if spec.gpus is None:
        return min(have, 1)
    if spec.gpus > have:
        why = f": {detection.why}" if detection.why else ""
        wanted = f"each job asks for {_counted(spec.gpus)}, this machine offers {have}"
        raise Refused(wanted + why, hint=("sweeptree gpus", "or run on the cores with --gpus 0"))
    return spec.gpus


def _check_memory(spec: SweepSpec, detection: Detection, per_job: int) -> None:
    """Raise Refused when no job can ever have the memory it asks for."""
    if not spec.gpu_mem or not per_job:
        return
    if capacity(detection.devices, per_job, spec.gpu_mem):
        return
    largest = max(device.memory_total for device in detection.devices)
    wanted = f"each job asks for {spec.gpu_mem / 1024:.1f} GB of each of {_counted(per_job)}"
    raise Refused(
        f"{wanted}, and the largest GPU has {largest / 1024:.1f} GB",
        hint=("sweeptree gpus", "or lower --gpu_mem"),
    )


def _counted(gpus: int) -> str:
    return f"{gpus} GPU{'s' * (gpus != 1)}"
