"""What the Merge Assistant found and did, as its report."""

from __future__ import annotations

from pydantic import Field

from sweeptree.model.report import Report, ReportState
from sweeptree.publish.merging.values import MergeDecision, MergeState


class MergeReport(Report):
    """The decision about one merge."""

    decision: str = Field(description="merged, ready, planned, refused or up-to-date")
    subject: str = Field(description="What was to be merged.")
    base: str = Field(description="The branch that it was to be merged into.")
    base_commit: str = ""
    head: str = ""
    commit: str | None = Field(default=None, description="What the base was or would be moved to.")
    others: tuple[str, ...] = Field(default=(), description="What else stands in the way.")
    conflicts: tuple[str, ...] = ()
    pr_url: str | None = None
    warnings: tuple[str, ...] = ()
    tests: str = Field(default="", description="How the result was tested, and what came of it.")
    diff: str = Field(default="", description="What it brings, where that is short enough.")


def report_on(decision: MergeDecision) -> MergeReport:
    """The report on a decision: refused where something stands in the way."""
    is_refused = decision.state is MergeState.REFUSED
    outcome = f"{decision.state.value}: {decision.reason or decision.subject}"
    return MergeReport(
        state=ReportState.REFUSED if is_refused else ReportState.DONE,
        reason=decision.reason if is_refused else outcome,
        markdown=decision.markdown,
        decision=decision.state.value,
        subject=decision.subject,
        base=decision.base,
        base_commit=decision.base_commit,
        head=decision.head,
        commit=decision.commit,
        others=decision.others,
        conflicts=decision.conflicts,
        pr_url=decision.pull.url if decision.pull else None,
        warnings=decision.warnings,
        tests="" if decision.run is None else f"{decision.run.command}: {decision.run.summary}",
        diff=decision.diff,
    )
