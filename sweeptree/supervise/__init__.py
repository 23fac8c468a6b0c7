"""Run one command under a keeper: a process that outlives us and leaves nothing behind.

    keeper = start(launch)          the command runs, or waits for its slots; the keeper owns it
    outcome = keeper.wait(60)       None: not over yet, or lost (then `is_alive` is false)
    keeper = adopt(alive, outcome)  the same for a keeper that an earlier process started

Hides: the nursery that forks keepers cheaply, how a keeper is told from a stranger with its PID,
and what a killed keeper leaves to be swept up. The names load on first use, because the keepers
import from this package too and must not pay for pydantic.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sweeptree.supervise.client import Keeper, adopt, fence, keeper_host, start, stopped_keeper
    from sweeptree.supervise.environment import (
        JobVariables,
        job_environment,
        shared_environment,
        without_own_venv,
    )
    from sweeptree.supervise.orphans import find_orphans, sweep_orphans
    from sweeptree.supervise.outcomes import lost_outcome, read_outcome

__all__ = [
    "JobVariables",
    "Keeper",
    "adopt",
    "fence",
    "find_orphans",
    "job_environment",
    "keeper_host",
    "lost_outcome",
    "read_outcome",
    "shared_environment",
    "start",
    "stopped_keeper",
    "sweep_orphans",
    "without_own_venv",
]

_MODULES = {
    "JobVariables": "environment",
    "Keeper": "client",
    "adopt": "client",
    "fence": "client",
    "find_orphans": "orphans",
    "job_environment": "environment",
    "keeper_host": "client",
    "lost_outcome": "outcomes",
    "read_outcome": "outcomes",
    "shared_environment": "environment",
    "start": "client",
    "stopped_keeper": "client",
    "sweep_orphans": "orphans",
    "without_own_venv": "environment",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
