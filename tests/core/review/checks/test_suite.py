"""What fails now and did not before."""

from collections.abc import Mapping

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


def checked(base: TestResults, head: TestResults, again: States | None = None) -> CheckResult:
    suite = Suite("b", "h", base, head, lambda _commit, _only: results(again or {}))
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
