"""Results answer what failed, what passed, and what has to be mended."""

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults

CASES = (
    TestCase("t.py::a", CaseState.PASSED),
    TestCase("t.py::b", CaseState.FAILED),
    TestCase("t.py::c", CaseState.ERROR),
    TestCase("t.py::d", CaseState.SKIPPED),
)
RESULTS = TestResults("pytest", "abc", Runner.PYTEST, CASES, collected=4, exit_code=1)


def test_failed_and_broken_tests_are_failing() -> None:
    assert RESULTS.failing == ("t.py::b", "t.py::c")
    assert RESULTS.passed == ("t.py::a",)


def test_an_excused_test_fails_and_need_not_be_mended() -> None:
    excused = RESULTS.excusing(["t.py::c"])
    assert (excused.targets, excused.failing) == (("t.py::b",), ("t.py::b", "t.py::c"))


def test_green_takes_a_complete_run_a_zero_and_no_failing_test() -> None:
    assert not RESULTS.is_green
    assert TestResults("true", "abc", Runner.EXIT_CODE, exit_code=0).is_green
    assert not TestResults("x", "abc", Runner.PYTEST, exit_code=0, is_complete=False).is_green
