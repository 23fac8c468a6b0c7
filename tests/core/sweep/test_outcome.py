"""Exit codes, by what the jobs and the steps after them came to."""

from typing import Any

import pytest

from sweeptree.errors import Refused
from sweeptree.model import ExitCode, JobRecord, StopCause, SweepSpec
from sweeptree.model.report import ReportState
from sweeptree.sweep import outcome

OK, MIXED = {"succeeded": 2}, {"succeeded": 1, "failed": 1}


@pytest.mark.parametrize(
    ("states", "cause", "step_failed", "code"),
    [
        (OK, None, False, 0),
        (OK, None, True, 4),
        (MIXED, None, True, 1),
        (MIXED, StopCause.JOB_FAILED, False, 1),
        ({"succeeded": 1, "planned": 1}, StopCause.CANCELLED, False, 130),
        ({"succeeded": 1, "planned": 1}, StopCause.INTERRUPTED, False, 130),
        (OK, StopCause.CANCELLED, False, 0),
        (OK, StopCause.TIME_LIMIT, False, 5),
    ],
)
def test_the_exit_code(
    states: dict[str, int], cause: StopCause | None, step_failed: bool, code: int
) -> None:
    assert outcome.exit_code(states, cause, step_failed=step_failed) == code


@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        ({}, False),
        ({"auto_fix": {"exit_code": 0}}, False),
        ({"auto_fix": {"exit_code": 4}}, True),
        ({"auto_fix": {"reason": "there is no such script"}}, True),
        ({"delivery": {"state": "failed"}}, True),
        ({"delivery": {"state": "local"}}, False),
    ],
)
def test_a_step_that_is_missing_by_the_record(fields: dict[str, Any], lacks: bool) -> None:
    spec = SweepSpec(exp_name="x", commands=("true",), auto_fix_before_pr=True, commit_and_pr=True)
    record = JobRecord.model_validate({"id": 0, **fields})
    assert outcome.lacks_a_step(spec, [record]) is lacks
    plain = SweepSpec(exp_name="x", commands=("true",))
    assert not outcome.lacks_a_step(plain, [record])


def test_a_refusal_keeps_its_exit_code_and_its_next_command() -> None:
    report = outcome.refused(Refused("it runs", hint="sweeptree status"))
    assert (report.state, report.root) == (ReportState.REFUSED, None)
    assert report.exit_code is ExitCode.REFUSED
    assert report.reason == "it runs; sweeptree status"
