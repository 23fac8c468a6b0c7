"""Which of the devices that could be had a claim takes. Pure."""

from __future__ import annotations

from sweeptree.gpus.slots.notes import refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sweeptree.errors import Refused

    Links = Mapping[str, Mapping[str, int]]


def choose(left: Mapping[str, int], devices: Sequence[Mapping[str, Any]], count: int) -> list[str]:
    """`count` devices: those closest to each other, then the fullest, then the first in the list.

    `left` is the memory that would not be promised, by UUID, of the devices that could be had.
    """
    order = sorted(left, key=left.__getitem__)
    if count == 1:
        return order[:1]
    links = {str(device["uuid"]): dict(device.get("links") or ()) for device in devices}
    sets = [_nearest(uuid, order, links, count) for uuid in order]
    return min(sets, key=lambda chosen: _spread(chosen, links))


def _nearest(first: str, others: list[str], links: Links, count: int) -> list[str]:
    """A device and the `count - 1` that are nearest to it, in the order of the list."""
    rest = [uuid for uuid in others if uuid != first]
    rest.sort(key=lambda uuid: links[first].get(uuid, 0))
    chosen = {first, *rest[: count - 1]}
    return [uuid for uuid in links if uuid in chosen]


def _spread(chosen: list[str], links: Links) -> tuple[int, int]:
    """The longest way between two of them, and the sum of all (nvmlGpuTopologyLevel_t)."""
    pairs = [(one, other) for one in chosen for other in chosen if one != other]
    ways = [links[one].get(other, 0) for one, other in pairs]
    return max(ways), sum(ways)


def eligible(devices: Sequence[Mapping[str, Any]], count: int, memory: int) -> tuple[str, ...]:
    """The devices that a claim of `count` can be served from, each once.

    Raises Refused when they can never be enough.
    """
    large = [device for device in devices if not memory or _size(device) >= memory]
    uuids = tuple(dict.fromkeys(str(device["uuid"]) for device in large))
    if count > 1:  # CUDA shows a process one MIG slice, however many it is given
        uuids = tuple(uuid for uuid in uuids if not uuid.startswith("MIG-"))
    if not 1 <= count <= len(uuids):
        raise _too_few(len(uuids), count, memory)
    return uuids


def in_words(count: int) -> str:
    """'1 GPU', '2 GPUs'."""
    return f"{count} GPU" if count == 1 else f"{count} GPUs"


def _size(device: Mapping[str, Any]) -> int:
    return int(device.get("memory_total") or 0)


def _too_few(number: int, count: int, memory: int) -> Refused:
    size = f" with {memory} MiB each" if memory else ""
    hint = "lower --gpus or --gpu_mem" if memory else "lower --gpus"
    return refused(f"a job wants {in_words(count)} at once{size}, and {number} can be had", hint)
