"""The repository's tests at base and head, and what fails now that did not fail before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "tests"
_NO_TESTS = 5  # pytest's exit code
_LEFT_OUT = (CaseState.SKIPPED, CaseState.XFAILED)
Rerun = Callable[[str, tuple[str, ...]], TestResults]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests at base and head. `rerun(commit, only)` runs some of them once more."""

    base_commit: str
    head_commit: str
    base: TestResults
    head: TestResults
    rerun: Rerun


def check_tests(suite: Suite) -> CheckResult:
    """Tests that fail at the head and did not fail before."""
    head, base = suite.head, suite.base
    if not head.cases and head.exit_code == _NO_TESTS and head.runner is Runner.PYTEST:
        return not_run(NAME, f"no tests were found by: {head.command}")
    if not head.cases:
        return _by_exit_code(suite)
    red_before = set(base.failing)
    fresh = [each for each in head.cases if each.state.is_failing]
    fresh = [each for each in fresh if each.node_id not in red_before]
    found = [*_failures(suite, fresh), *_left_out(suite), *_unfinished(suite)]
    known = len(head.failing) - len(fresh)
    note = f"{len(head.passed)} passed, {len(fresh)} newly red, {known} red before too"
    return CheckResult(NAME, tuple(found), note=note, seconds=head.seconds + base.seconds)


def _by_exit_code(suite: Suite) -> CheckResult:
    """Where only the command's exit code tells."""
    head, base = suite.head, suite.base
    why = head.reason or f"exit code {head.exit_code}"
    state = "green" if head.is_green else f"red ({why})"
    note = f"{state}, by the exit code of: {head.command}"
    if head.is_green or not base.is_green:
        return CheckResult(NAME, note=note if head.is_green else f"{note}; red before too")
    last = head.tail.strip().splitlines()[-1:] or ["it printed nothing"]
    text = f"the tests are red ({why}), they were green before: {last[0][:200]}"
    return CheckResult(NAME, (_finding("", 0, "tests-fail", text),), note=note)


def _failures(suite: Suite, fresh: list[TestCase]) -> Iterator[Finding]:
    """The newly failing tests; one that passes when it runs alone once more is flaky."""
    if not fresh:
        return
    again = suite.rerun(suite.head_commit, tuple(case.node_id for case in fresh))
    passed_alone = set(again.passed)
    for case in fresh:
        path, line = _place(case)
        if case.node_id in passed_alone:
            text = f"{case.node_id} failed once and passed alone: it may be flaky"
            yield _finding(path, line, "flaky-test", text, Severity.WARNING)
        else:
            text = f"{case.node_id} fails now: {case.message}"
            yield _finding(path, line, "test-fails", text)


def _left_out(suite: Suite) -> Iterator[Finding]:
    """Tests that passed before and are skipped, or expected to fail, now."""
    passed = set(suite.base.passed)
    for case in suite.head.cases:
        if case.node_id in passed and case.state in _LEFT_OUT:
            path, line = _place(case)
            text = f"{case.node_id} passed before and is {case.state.value} now"
            yield _finding(path, line, "weakened-test", text)


def _unfinished(suite: Suite) -> Iterator[Finding]:
    if suite.base.is_complete and not suite.head.is_complete:
        text = f"the tests do not come to an end now ({suite.head.seconds:.0f} s)"
        yield _finding("", 0, "tests-fail", text)


def _place(case: TestCase) -> tuple[str, int]:
    """Where it failed in the user's code, else the test's file."""
    if case.frame is not None:
        return case.frame.path, case.frame.line
    return case.node_id.partition("::")[0], 0


def _finding(
    path: str, line: int, rule: str, text: str, severity: Severity = Severity.BLOCKER
) -> Finding:
    return Finding(path, line, rule, "tests", severity, text, is_apart=True)
