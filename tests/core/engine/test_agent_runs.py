"""The state of a flow run, by its agent's report."""

from __future__ import annotations

import pytest

from sweeptree.engine.agent_runs import report_of, state_of
from sweeptree.model.report import Report, ReportState


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (ReportState.REFUSED, "Refused"),
        (ReportState.FAILED, "Failed"),
        (ReportState.TIMED_OUT, "TimedOut"),
        (ReportState.DELIVERY_FAILED, "DeliveryFailed"),
        (ReportState.CANCELLED, "Cancelled"),
    ],
)
def test_a_report_that_is_not_good_names_its_state(state: ReportState, name: str) -> None:
    made = state_of(Report(state=state, reason="why"))
    assert (made.name, made.message) == (name, "why")
    assert report_of(made) == Report(state=state, reason="why")
