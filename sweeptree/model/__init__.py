"""The nouns that the rooms share, as values: nothing here touches the disk, git or the engine.

Borders (what a user writes, what stands on disk) are pydantic models; what only our own code passes
round are frozen dataclasses.
"""

from sweeptree.model.record import (
    SCHEMA_VERSION,
    Attempt,
    JobDelivery,
    JobRecord,
    RecordPart,
    recorded_cause,
)
from sweeptree.model.spec import (
    Border,
    Resume,
    SweepSpec,
    check_exp_name,
)
from sweeptree.model.values import (
    Base,
    Branch,
    Cause,
    Changes,
    DeliveryState,
    Device,
    ExitCode,
    Job,
    JobState,
    Launch,
    Metrics,
    Outcome,
    PullRequest,
    Scalar,
    SlotRequest,
    StopCause,
    Worktree,
)

__all__ = [
    "SCHEMA_VERSION",
    "Attempt",
    "Base",
    "Border",
    "Branch",
    "Cause",
    "Changes",
    "DeliveryState",
    "Device",
    "ExitCode",
    "Job",
    "JobDelivery",
    "JobRecord",
    "JobState",
    "Launch",
    "Metrics",
    "Outcome",
    "PullRequest",
    "RecordPart",
    "Resume",
    "Scalar",
    "SlotRequest",
    "StopCause",
    "SweepSpec",
    "Worktree",
    "check_exp_name",
    "recorded_cause",
]
