"""The nouns that the rooms share, as values: nothing here touches the disk, git or the engine.

Borders (what a user writes, what stands on disk) are pydantic models; what only our own code passes
round are frozen dataclasses. Hides: that a border is imported when it is first asked for, so that
what needs no pydantic starts without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sweeptree.model.values import (
    Base,
    Branch,
    Cause,
    DeliveryState,
    Device,
    ExitCode,
    Job,
    JobState,
    Launch,
    Outcome,
    PullRequest,
    PullState,
    Scalar,
    StopCause,
    Worktree,
)

if TYPE_CHECKING:
    from sweeptree.model.record import Attempt, JobDelivery, JobRecord
    from sweeptree.model.spec import Resume, SweepSpec

_BORDERS = {
    "Attempt": "record",
    "JobDelivery": "record",
    "JobRecord": "record",
    "Resume": "spec",
    "SweepSpec": "spec",
}

__all__ = [
    "Attempt",
    "Base",
    "Branch",
    "Cause",
    "DeliveryState",
    "Device",
    "ExitCode",
    "Job",
    "JobDelivery",
    "JobRecord",
    "JobState",
    "Launch",
    "Outcome",
    "PullRequest",
    "PullState",
    "Resume",
    "Scalar",
    "StopCause",
    "SweepSpec",
    "Worktree",
]


def __getattr__(name: str) -> object:
    module = _BORDERS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
