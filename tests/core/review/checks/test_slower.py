"""Tests that take much longer, measured three times."""

from collections.abc import Mapping

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.review.checks.slower import check_slower
from sweeptree.review.checks.suite import Suite
from sweeptree.review.values import CheckResult

Times = Mapping[str, float]


def results(times: Times) -> TestResults:
    cases = tuple(TestCase(name, CaseState.PASSED, seconds=t) for name, t in times.items())
    return TestResults("pytest", "c", Runner.PYTEST, cases, exit_code=0)


def checked(base: Times, head: Times, again: Mapping[str, Times] | None = None) -> CheckResult:
    again = again or {"b": base, "h": head}
    rerun = lambda commit, _only: results(again[commit])  # noqa: E731
    return check_slower(Suite("b", "h", results(base), results(head), rerun, str))


def test_twice_and_a_third_of_a_second() -> None:
    found = checked({"t::a": 0.2, "t::b": 0.01}, {"t::a": 0.6, "t::b": 0.2}).findings
    assert [each.message for each in found] == [
        "t::a takes 0.60 s, it took 0.20 s (shortest of three)"
    ]


def test_noise_in_the_first_run_is_no_finding() -> None:
    again = {"b": {"t::a": 0.2}, "h": {"t::a": 0.21}}
    assert checked({"t::a": 0.2}, {"t::a": 0.9}, again).findings == ()


def test_new_tests_have_nothing_to_be_compared_with() -> None:
    assert checked({"t::a": 0.2}, {"t::a": 0.2, "t::new": 9.0}).findings == ()


def test_without_times_it_is_not_run() -> None:
    assert not checked({}, {}).is_run
