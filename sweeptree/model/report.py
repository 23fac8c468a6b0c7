"""What an agent answers: how its run came out, why, and a page for people."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ReportState(StrEnum):
    """How an agent's run came out. Only `done` and `nothing_to_do` are good ends."""

    DONE = "done"
    NOTHING_TO_DO = "nothing_to_do"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DELIVERY_FAILED = "delivery_failed"

    @property
    def is_good(self) -> bool:
        """True where nothing is left to be looked at."""
        return self in (ReportState.DONE, ReportState.NOTHING_TO_DO)


class Report(BaseModel):
    """What every agent's report has; each agent adds fields of its own."""

    model_config = ConfigDict(frozen=True)

    state: ReportState = Field(default=ReportState.DONE, description="How the run came out.")
    reason: str = Field(default="", description="Why it came out so, in one sentence.")
    markdown: str = Field(default="", description="The report as a page for people.")
