"""The nouns that the rooms share, as values: nothing here touches the disk, git or the engine.

Borders (what a user writes, what stands on disk) are pydantic models; what only our own code passes
round are frozen dataclasses.
"""

from sweeptree.model.record import (
    SCHEMA_VERSION,
    Attempt,
    JobDelivery,
    JobRecord,
    SweepSummary,
)
from sweeptree.model.spec import (
    OUT_OF_MEMORY,
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
    Worktree,
)

__all__ = [
    "OUT_OF_MEMORY",
    "SCHEMA_VERSION",
    "Attempt",
    "Base",
    "Border",
    "Branch",
    "Cause",
    "Changes",
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
    "Resume",
    "Scalar",
    "SlotRequest",
    "SweepSpec",
    "SweepSummary",
    "Worktree",
    "check_exp_name",
]
