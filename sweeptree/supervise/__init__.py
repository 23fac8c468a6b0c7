"""Run one command under a keeper: a process of its own that outlives us and leaves nothing behind.

    keeper = start(launch)          the command runs (or waits for its GPU slots); the keeper owns it
    outcome = keeper.wait(60)       None: not over yet, or lost (then `is_alive` is false)
    keeper = adopt(alive, outcome)  the same for a keeper that an earlier process started

Hides: the nursery that forks keepers cheaply, how a keeper is told from a stranger with its PID,
and what a killed keeper leaves to be swept up. The names load on first use, because the keepers
import from this package too and must not pay for pydantic.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeptree.supervise.client import Keeper, adopt, fence, lost_outcome, read_outcome, start
    from sweeptree.supervise.environment import job_environment
    from sweeptree.supervise.orphans import sweep_orphans

__all__ = [
    "Keeper",
    "adopt",
    "fence",
    "job_environment",
    "lost_outcome",
    "read_outcome",
    "start",
    "sweep_orphans",
]

_HOMES = {"job_environment": "environment", "sweep_orphans": "orphans"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'client')}"), name)
