"""What fails now and did not before."""

from collections.abc import Mapping

import pytest

from sweeptree.publish.checks import CaseState, Frame, Runner, TestCase, TestResults
from sweeptree.review.checks.suite import Suite, check_tests
from sweeptree.review.values import CheckResult, Severity

PASSED, FAILED, SKIPPED = CaseState.PASSED, CaseState.FAILED, CaseState.SKIPPED
States = Mapping[str, CaseState]


def results(states: States, *, exit_code: int = 0, is_complete: bool = True) -> TestResults:
    frame = Frame("lib.py", 7, "return x")
    cases = tuple(TestCase(name, state, "E", frame=frame) for name, state in states.items())
    runner = Runner.PYTEST if cases else Runner.EXIT_CODE
    return TestResults(
        "pytest", "c" * 40, runner, cases, exit_code=exit_code, is_complete=is_complete, tail="why"
    )


def checked(
    base: TestResults, head: TestResults, again: States | None = None, text: str = ""
) -> CheckResult:
    suite = Suite("b", "h", base, head, lambda _commit, _only: results(again or {}), lambda _: text)
    return check_tests(suite)


def test_a_newly_red_test_blocks_at_its_place() -> None:
    result = checked(results({"t::a": PASSED}), results({"t::a": FAILED}), {"t::a": FAILED})
    (found,) = result.findings
    assert (found.path, found.line, found.severity) == ("lib.py", 7, Severity.BLOCKER)
    assert found.is_apart


def test_one_that_was_red_before_is_only_counted() -> None:
    result = checked(results({"t::a": FAILED}), results({"t::a": FAILED}))
    assert result.findings == () and "1 red before too" in result.note


def test_one_that_passes_alone_is_flaky() -> None:
    result = checked(results({"t::a": PASSED}), results({"t::a": FAILED}), {"t::a": PASSED})
    (found,) = result.findings
    assert (found.rule, found.severity) == ("flaky-test", Severity.WARNING)


def test_one_that_passed_and_is_skipped_blocks() -> None:
    (found,) = checked(results({"t::a": PASSED}), results({"t::a": SKIPPED})).findings
    assert (found.rule, found.severity) == ("weakened-test", Severity.BLOCKER)


def test_where_only_the_exit_code_is_known() -> None:
    (found,) = checked(results({}), results({}, exit_code=3)).findings
    assert "exit code 3" in found.message and "why" in found.message
    assert checked(results({}, exit_code=3), results({}, exit_code=3)).findings == ()


def test_tests_that_no_longer_end_block() -> None:
    (found,) = checked(
        results({"t::a": PASSED}), results({"t::a": PASSED}, is_complete=False)
    ).findings
    assert "do not come to an end" in found.message


def test_one_that_still_stands_there_and_does_not_run_blocks() -> None:
    before = results({"t.py::a": PASSED, "t.py::C::b[1]": PASSED, "t.py::gone": PASSED})
    text = "def a(): ...\nclass C:\n    def b(self): ..."
    (found,) = checked(before, results({"u.py::x": PASSED}), text=text).findings
    assert (found.path, found.severity) == ("t.py", Severity.BLOCKER)
    assert "2 tests passed before and did not run now: a, C.b" in found.message


@pytest.mark.parametrize("head", [results({}), results({}, exit_code=5)])
def test_a_run_that_ends_before_its_tests_blocks(head: TestResults) -> None:
    result = checked(results({"t.py::a": PASSED}), head, text="def a(): ...")
    assert result.is_run and [each.rule for each in result.findings] == ["weakened-test"]


def test_a_file_that_cannot_be_collected_is_said_once() -> None:
    head = results({"t.py": CaseState.ERROR})
    result = checked(results({"t.py::a": PASSED}), head, {"t.py": FAILED}, text="def a(): ...")
    assert [each.rule for each in result.findings] == ["test-fails"]


def test_a_command_that_is_not_there_is_not_run() -> None:
    result = checked(results({}, exit_code=127), results({}, exit_code=127))
    assert not result.is_run and "127" in result.note
