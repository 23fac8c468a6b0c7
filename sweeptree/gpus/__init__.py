"""Which GPUs there are, which of them jobs may have, and who holds them.

The names load on first use, because a keeper loads `sweeptree.gpus.slots` and must not pay for NVML
or pydantic.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sweeptree.gpus.detection import Detection, detect, narrowed
    from sweeptree.gpus.limits import capacity, limit_name, limit_size, tags
    from sweeptree.gpus.usage import GpuRow, table, used_by_others
    from sweeptree.gpus.visible import allotted, allowed

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

# No module may be called as a name here: its import would take the name's place.
_MODULES = {
    "Detection": "detection",
    "GpuRow": "usage",
    "allotted": "visible",
    "allowed": "visible",
    "capacity": "limits",
    "detect": "detection",
    "limit_name": "limits",
    "limit_size": "limits",
    "narrowed": "detection",
    "table": "usage",
    "tags": "limits",
    "used_by_others": "usage",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
