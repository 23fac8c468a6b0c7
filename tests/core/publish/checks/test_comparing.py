"""What a fix has to make of the results."""

import dataclasses

import pytest

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.publish.checks.comparing import expand_files, find_objections

PASSED, FAILED = CaseState.PASSED, CaseState.FAILED


def results(exit_code: int = 0, **states: CaseState) -> TestResults:
    cases = tuple(TestCase(f"t.py::{name}", state) for name, state in states.items())
    count = len(cases)
    return TestResults("pytest", "abc", Runner.PYTEST, cases, collected=count, exit_code=exit_code)


BEFORE = results(1, good=PASSED, bad=FAILED, skipped=CaseState.SKIPPED)
AFTER = results(good=PASSED, bad=PASSED, skipped=CaseState.SKIPPED)


def test_all_passed_and_nothing_is_lost() -> None:
    assert find_objections(BEFORE, AFTER) == ()


@pytest.mark.parametrize("state", [state for state in CaseState if state is not PASSED])
def test_what_failed_has_to_pass(state: CaseState) -> None:
    assert find_objections(BEFORE, results(good=PASSED, bad=state, skipped=CaseState.SKIPPED))


@pytest.mark.parametrize("state", [state for state in CaseState if state is not PASSED])
def test_what_passed_has_to_pass(state: CaseState) -> None:
    assert find_objections(BEFORE, results(good=state, bad=PASSED, skipped=CaseState.SKIPPED))


@pytest.mark.parametrize(
    "change",
    [
        {"cases": AFTER.cases[1:]},
        {"collected": 2},
        {"deselected": 1},
        {"exit_code": 5},
        {"runner_codes": (0, 1)},
        {"is_complete": False},
        {"runner": Runner.JUNIT},
        {"changed_machinery": ("_pytest.runner.call_and_report",)},
        {"cases": (*AFTER.cases, TestCase("t.py::new", FAILED))},
    ],
)
def test_what_a_cheat_would_leave_behind(change: dict[str, object]) -> None:
    assert find_objections(BEFORE, dataclasses.replace(AFTER, **change))  # type: ignore[arg-type]


def test_failures_and_a_zero_do_not_agree() -> None:
    before = results(1, bad=FAILED, other=FAILED).excusing(["t.py::other"])
    assert not find_objections(before, results(1, bad=PASSED, other=FAILED))
    assert find_objections(before, results(0, bad=PASSED, other=FAILED))


def test_a_file_is_mended_when_a_test_in_it_passes() -> None:
    broken = TestResults(
        "pytest", "abc", Runner.PYTEST, (TestCase("t.py", CaseState.ERROR),), exit_code=2
    )
    assert find_objections(broken, results(good=PASSED)) == ()
    assert find_objections(broken, results(good=CaseState.SKIPPED))


def test_behind_a_file_stand_its_tests_and_behind_a_conftest_its_folder() -> None:
    after = results(good=PASSED)
    assert expand_files(("t.py", "u.py::x"), after) == ("t.py::good", "u.py::x")
    assert expand_files(("conftest.py",), after) == ("t.py::good",)
