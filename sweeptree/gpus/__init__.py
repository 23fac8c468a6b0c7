"""Which GPUs there are, which of them jobs may have, and who holds them.

The names load on first use, because a keeper loads `sweeptree.gpus.slots` and must not pay for NVML
or pydantic.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sweeptree.gpus.detection import (
        Detection,
        GpuRow,
        allotted,
        allowed,
        capacity,
        detect,
        limit_name,
        limit_size,
        narrowed,
        table,
        tags,
        used_by_others,
    )

__all__ = [
    "Detection",
    "GpuRow",
    "allotted",
    "allowed",
    "capacity",
    "detect",
    "limit_name",
    "limit_size",
    "narrowed",
    "table",
    "tags",
    "used_by_others",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module("sweeptree.gpus.detection"), name)
