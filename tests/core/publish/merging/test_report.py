"""A decision as the Merge Assistant's report."""

import pytest

from core.publish.kit import a_pull
from sweeptree.model.report import ReportState
from sweeptree.publish.merging import MergeDecision, MergeState, report_on


def test_what_is_refused_says_why() -> None:
    decision = MergeDecision(
        MergeState.REFUSED, "pull request 1", "main", reason="it is a draft", pull=a_pull()
    )
    report = report_on(decision)
    assert (report.state, report.reason) == (ReportState.REFUSED, "it is a draft")
    assert (report.decision, report.pr_url) == ("refused", "https://h/o/r/pull/1")


@pytest.mark.parametrize("state", [MergeState.MERGED, MergeState.PLANNED, MergeState.UP_TO_DATE])
def test_everything_else_is_done(state: MergeState) -> None:
    report = report_on(MergeDecision(state, "feature", "main"))
    assert (report.state, report.reason) == (ReportState.DONE, f"{state.value}: feature")
