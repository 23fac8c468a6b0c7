"""A test that passes when it is run again is flaky, alone or in order."""

from core.repair.kit import failed, passed, report_of, results
from sweeptree.publish.checks import Runner, TestResults
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.flaky import find_flaky


def test_what_fails_each_time_is_not_flaky() -> None:
    calls: list[tuple[str, ...]] = []

    def rerun(only: tuple[str, ...]) -> TestResults:
        calls.append(only)
        return results(*(failed(name) for name in only))

    assert find_flaky(report_of(failed("a"), failed("b")), rerun) == {}
    assert calls == [("a", "b"), ("a", "b"), ("a",), ("b",)]


def test_what_passes_once_is_flaky_and_not_run_again() -> None:
    calls: list[tuple[str, ...]] = []

    def rerun(only: tuple[str, ...]) -> TestResults:
        calls.append(only)
        return results(*(passed(name) if name == "a" else failed(name) for name in only))

    found = find_flaky(report_of(failed("a"), failed("b")), rerun)
    assert found == {"a": "it passed when it was run again"}
    assert calls == [("a", "b"), ("b",), ("b",)]


def test_what_passes_alone_depends_on_the_tests_before_it() -> None:
    def rerun(only: tuple[str, ...]) -> TestResults:
        return results(*(passed(n) if len(only) == 1 else failed(n) for n in only))

    found = find_flaky(report_of(failed("a"), failed("b")), rerun)
    assert set(found) == {"a", "b"} and "depends on the tests before" in found["a"]


def test_a_command_that_tells_no_tests_is_run_again_whole() -> None:
    first = results(failed("make lint"), runner=Runner.EXIT_CODE)
    report = FailureReport(first, report_of(failed("make lint")).failures)
    green = results(runner=Runner.EXIT_CODE)
    assert set(find_flaky(report, lambda only: green)) == {"make lint"}
    assert find_flaky(report, lambda only: first) == {}
