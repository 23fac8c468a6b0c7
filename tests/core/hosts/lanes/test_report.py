"""How a lane's run came out."""

from __future__ import annotations

from sweeptree.errors import Refused
from sweeptree.hosts.lanes import report
from sweeptree.model.report import ReportState


def test_failed_jobs_are_no_failure_of_the_lane() -> None:
    found = report.ended({"failed": 1, "succeeded": 2}, unsent=0, is_stopped=False)
    assert (found.state, found.reason) == (ReportState.DONE, "1 failed, 2 succeeded")


def test_a_lane_that_found_no_job_says_so() -> None:
    found = report.ended({}, unsent=0, is_stopped=True)
    assert (found.state, found.reason) == (ReportState.CANCELLED, "no job was left for it")


def test_results_that_could_not_be_told_are_a_failure() -> None:
    found = report.ended({"succeeded": 2}, unsent=1, is_stopped=False)
    assert found.state is ReportState.FAILED
    assert found.reason == "2 succeeded; 1 result still stands on this host"


def test_a_refusal_is_a_report_with_its_next_command() -> None:
    found = report.refused(Refused("no room", hint=("df -h",)))
    assert (found.state, found.reason) == (ReportState.REFUSED, "no room; df -h")
