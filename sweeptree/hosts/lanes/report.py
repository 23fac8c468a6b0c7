"""How a lane's run came out."""

from __future__ import annotations

from pydantic import Field

from sweeptree.errors import SweeptreeError
from sweeptree.model.report import Report, ReportState


class LaneReport(Report):
    """A lane's end in short."""

    states: dict[str, int] = Field(
        default_factory=dict, description="How many attempts ended in each state."
    )
    unsent: int = Field(
        default=0, description="Results that still stand on the host alone; a new lane sends them."
    )


def refused(error: SweeptreeError) -> LaneReport:
    """A lane that could not begin, with one line that says why."""
    sentences = [error.message, *error.hint]
    return LaneReport(
        state=ReportState.REFUSED,
        reason="; ".join(sentences),
    )


def ended(states: dict[str, int], *, unsent: int, is_stopped: bool) -> LaneReport:
    """A lane that has ended, whatever its jobs came to: that is the sweep's to tell."""
    counts = [f"{count} {state}" for state, count in sorted(states.items())]
    reason = ", ".join(counts) or "no job was left for it"
    if unsent:
        reason = f"{reason}; {_counted(unsent)} on this host"
    state = ReportState.FAILED if unsent else _state(is_stopped=is_stopped)
    return LaneReport(state=state, reason=reason, states=states, unsent=unsent)


def _state(*, is_stopped: bool) -> ReportState:
    return ReportState.CANCELLED if is_stopped else ReportState.DONE


def _counted(unsent: int) -> str:
    return "1 result still stands" if unsent == 1 else f"{unsent} results still stand"
