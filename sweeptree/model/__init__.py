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
    EXP_NAME,
    MAX_COMMANDS,
    OUT_OF_MEMORY,
    Border,
    Command,
    DeviceName,
    ExpName,
    Resume,
    SweepSpec,
    check_command,
    check_device_name,
    check_exp_name,
)
from sweeptree.model.values import (
    Base,
    Branch,
    Cause,
    Changes,
    Device,
    Job,
    JobState,
    Launch,
    Metrics,
    Outcome,
    PullRequest,
    PullState,
    Scalar,
    SlotRequest,
    Worktree,
)

__all__ = [
    "EXP_NAME",
    "MAX_COMMANDS",
    "OUT_OF_MEMORY",
    "SCHEMA_VERSION",
    "Attempt",
    "Base",
    "Border",
    "Branch",
    "Cause",
    "Changes",
    "Command",
    "Device",
    "DeviceName",
    "ExpName",
    "Job",
    "JobDelivery",
    "JobRecord",
    "JobState",
    "Launch",
    "Metrics",
    "Outcome",
    "PullRequest",
    "PullState",
    "Resume",
    "Scalar",
    "SlotRequest",
    "SweepSpec",
    "SweepSummary",
    "Worktree",
    "check_command",
    "check_device_name",
    "check_exp_name",
]
