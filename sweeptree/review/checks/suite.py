"""The repository's tests at base and head, and what fails now that did not fail before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.review.scopes import functions
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "tests"
_NO_TESTS = 5  # pytest's exit code
_NOT_STARTED = (126, 127)  # as a shell says that there is no such program
_SHOWN = 3
_LEFT_OUT = (CaseState.SKIPPED, CaseState.XFAILED)
Rerun = Callable[[str, tuple[str, ...]], TestResults]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests at base and head.

    `rerun(commit, only)` runs some of them once more; `head_text(path)` is a file of the head.
    """

    base_commit: str
    head_commit: str
    base: TestResults
    head: TestResults
    rerun: Rerun
    head_text: Callable[[str], str]


def check_tests(suite: Suite) -> CheckResult:
    """Tests that fail at the head and did not fail before."""
    head, base = suite.head, suite.base
    silenced = tuple(_silenced(suite))
    if not head.cases and silenced:
        return CheckResult(NAME, silenced, note=f"no test runs any more by: {head.command}")
    if not head.cases and head.exit_code == _NO_TESTS and head.runner is Runner.PYTEST:
        return not_run(NAME, f"no tests were found by: {head.command}")
    if not head.cases:
        return _by_exit_code(suite)
    red_before = set(base.failing)
    fresh = [each for each in head.cases if each.state.is_failing]
    fresh = [each for each in fresh if each.node_id not in red_before]
    found = [*_failures(suite, fresh), *_left_out(suite), *_unfinished(suite), *silenced]
    known = len(head.failing) - len(fresh)
    note = f"{len(head.passed)} passed, {len(fresh)} newly red, {known} red before too"
    return CheckResult(NAME, tuple(found), note=note, seconds=head.seconds + base.seconds)


def _by_exit_code(suite: Suite) -> CheckResult:
    """Where only the command's exit code tells."""
    head, base = suite.head, suite.base
    why = head.reason or f"exit code {head.exit_code}"
    if head.exit_code in _NOT_STARTED and base.exit_code == head.exit_code:
        return not_run(NAME, f"{why}: {head.command}")
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


def _silenced(suite: Suite) -> Iterator[Finding]:
    """Tests that passed before, still stand in their files, and do not run any more.

    Settings, a conftest or a mark can leave them out where the tests themselves did not change.
    """
    if not suite.head.is_complete:
        return
    run = {_function_of(case.node_id) for case in suite.head.cases}
    before = dict.fromkeys(_function_of(node_id) for node_id in suite.base.passed)
    by_file: dict[str, list[str]] = defaultdict(list)
    for path, name in before:
        if (path, name) not in run and (path, "") not in run:
            by_file[path].append(name)
    for path, names in by_file.items():
        yield from _silenced_in(path, names, suite.head_text(path))


def _silenced_in(path: str, names: list[str], text: str) -> Iterator[Finding]:
    there = {scope.name for scope in functions(text)}
    left_out = [name for name in names if name in there]
    if not left_out:
        return
    shown = ", ".join(left_out[:_SHOWN]) + (", ..." if len(left_out) > _SHOWN else "")
    noun = "test" if len(left_out) == 1 else "tests"
    said = f"{len(left_out)} {noun} passed before and did not run now: {shown}"
    yield _finding(path, 0, "weakened-test", said)


def _function_of(node_id: str) -> tuple[str, str]:
    """The file and the dotted name of a test, whichever its parameters; a file alone has none."""
    path, _, rest = node_id.partition("::")
    return path, rest.partition("[")[0].replace("::", ".")


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
