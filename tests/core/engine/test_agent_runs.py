"""The state that an agent's flow run ends in, as its report says."""

import pytest

from sweeptree.engine.agent_runs import report_of, state_of
from sweeptree.errors import Refused
from sweeptree.model import ExitCode
from sweeptree.model.report import Report, ReportState
from sweeptree.sweep import outcome


@pytest.mark.parametrize(
    ("state", "name", "kind"),
    [
        (ReportState.DONE, "Completed", "COMPLETED"),
        (ReportState.NOTHING_TO_DO, "Completed", "COMPLETED"),
        (ReportState.FAILED, "Failed", "FAILED"),
        (ReportState.REFUSED, "Refused", "FAILED"),
        (ReportState.DELIVERY_FAILED, "DeliveryFailed", "FAILED"),
        (ReportState.TIMED_OUT, "TimedOut", "FAILED"),
        (ReportState.CANCELLED, "Cancelled", "CANCELLED"),
    ],
)
def test_the_state_follows_from_the_report(state: ReportState, name: str, kind: str) -> None:
    found = state_of(Report(state=state, reason="1 succeeded"))
    assert (found.name, found.type.value, found.message) == (name, kind, "1 succeeded")


def test_a_refusal_is_one_line() -> None:
    found = state_of(outcome.refused(Refused("it runs", hint="sweeptree status x")))
    assert (found.name, found.message) == ("Refused", "it runs; sweeptree status x")


@pytest.mark.parametrize("state", [ReportState.DONE, ReportState.REFUSED, ReportState.CANCELLED])
def test_the_report_is_found_behind_the_state(state: ReportState) -> None:
    report = Report(state=state, reason="why")
    assert report_of(state_of(report)) == report


def test_every_exit_code_of_a_sweep_that_ran_has_a_state() -> None:
    ran = set(ExitCode) - {ExitCode.USAGE, ExitCode.REFUSED}
    assert set(outcome._STATES) == ran
