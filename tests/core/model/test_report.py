"""What every agent's report has."""

import pytest
from pydantic import ValidationError

from sweeptree.model.report import Report, ReportState


def test_a_report_is_done_unless_it_says_otherwise() -> None:
    assert (Report().state, Report().reason, Report().markdown) == (ReportState.DONE, "", "")


def test_only_two_ends_are_good() -> None:
    good = [state for state in ReportState if state.is_good]
    assert good == [ReportState.DONE, ReportState.NOTHING_TO_DO]


def test_a_report_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Report().reason = "changed"  # type: ignore[misc]


def test_a_report_survives_json() -> None:
    report = Report(state=ReportState.REFUSED, reason="it runs")
    assert Report.model_validate_json(report.model_dump_json()) == report
