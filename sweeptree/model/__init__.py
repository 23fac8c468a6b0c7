"""The nouns that the rooms share, as values: nothing here touches the disk, git or the engine.

Borders (what a user writes, what stands on disk) are pydantic models; what only our own code passes
round are frozen dataclasses.
"""

from sweeptree.model.record import (
    Attempt,
    JobDelivery,
    JobRecord,
)
from sweeptree.model.spec import (
    Resume,
    SweepSpec,
)
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
