"""How many jobs fit on GPUs at once, and what the engine's tags and limits for them are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sweeptree.gpus.slots import SLOTS_PER_DEVICE
from sweeptree.model import Device


def capacity(devices: Sequence[Device], per_job: int, memory: int | None) -> int:
    """How many jobs can have `per_job` GPUs at once, with `memory` MiB of each or the whole."""
    if not per_job:
        return 0
    room = [_room(device, memory) for device in devices]
    if per_job == 1:
        return sum(room)
    jobs = sum(room) // per_job
    while not _fit(jobs, room, per_job):
        jobs -= 1
    return jobs


def limit_name(host: str) -> str:
    """The tag, and the concurrency limit of the engine, that guards a host's GPUs."""
    return f"gpu:{host}"


def limit_size(devices: Sequence[Device], memory: int | None) -> int:
    """How many jobs may pass the engine's limit: one per slot, and one waiting behind each.

    The engine's limit must not lie between a freed GPU and the next start, so a job passes it early
    and its keeper then waits for the slot.
    """
    return 2 * max(len(devices), capacity(devices, 1, memory))


def tags(devices: Sequence[Device], host: str) -> tuple[str, ...]:
    """The tags of a task that uses one of these devices; none without devices."""
    if not devices:
        return ()
    models = dict.fromkeys(f"gpu-model:{_model(device.name)}" for device in devices)
    return ("gpu", limit_name(host), *models)


def _room(device: Device, memory: int | None) -> int:
    return min(device.memory_total // memory, SLOTS_PER_DEVICE) if memory else 1


def _fit(jobs: int, room: Sequence[int], per_job: int) -> bool:
    """Whether so many jobs can each have different GPUs: a GPU serves a job once at most."""
    return sum(min(here, jobs) for here in room) >= jobs * per_job


def _model(name: str) -> str:
    """'NVIDIA GeForce RTX 4090' → 'rtx-4090'."""
    words = re.sub(r"\b(NVIDIA|GeForce)\b", " ", name)
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-") or "unknown"
