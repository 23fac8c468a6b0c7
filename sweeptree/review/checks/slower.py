"""Tests that take much longer than before: at least twice, and at least 0.3 s more.

A candidate of the first two runs is measured twice more on both sides; the shortest of three
counts, because noise only ever makes a run longer.
"""

from __future__ import annotations

from collections.abc import Iterable

from sweeptree.publish.checks import CaseState, TestResults
from sweeptree.review.checks.suite import Suite
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "slower tests"
_FACTOR, _SECONDS = 2.0, 0.3
_MORE_RUNS = 2
_MOST = 20  # candidates that are measured again

Times = dict[str, float]


def check_slower(suite: Suite) -> CheckResult:
    """Tests that passed on both sides and take much longer at the head."""
    before, after = _times(suite.base), _times(suite.head)
    if not before or not after:
        return not_run(NAME, "no times of single tests are known")
    candidates = _slower(before, after)[:_MOST]
    if candidates:
        before = _shortest(before, suite, suite.base_commit, candidates)
        after = _shortest(after, suite, suite.head_commit, candidates)
    found = tuple(_finding(name, before, after) for name in _slower(before, after, candidates))
    return CheckResult(
        NAME, found, note=f"{len(after)} compared, at least 2 times and 0.3 s slower"
    )


def _times(results: TestResults) -> Times:
    """The seconds of each test that passed."""
    passed = [case for case in results.cases if case.state is CaseState.PASSED]
    return {case.node_id: case.seconds for case in passed}


def _slower(before: Times, after: Times, among: Iterable[str] | None = None) -> list[str]:
    """The names of the slower ones, the slowest first."""
    names = [name for name in (after if among is None else among) if name in before]
    slow = [name for name in names if _is_slower(before[name], after[name])]
    return sorted(slow, key=lambda name: before[name] - after[name])


def _is_slower(then: float, now: float) -> bool:
    return now >= _FACTOR * then and now - then >= _SECONDS


def _shortest(times: Times, suite: Suite, commit: str, names: list[str]) -> Times:
    runs: list[TestResults] = [suite.rerun(commit, tuple(names)) for _ in range(_MORE_RUNS)]
    found = dict(times)
    for run in runs:
        for name, seconds in _times(run).items():
            found[name] = min(seconds, found.get(name, seconds))
    return found


def _finding(name: str, before: Times, after: Times) -> Finding:
    text = f"{name} takes {after[name]:.2f} s, it took {before[name]:.2f} s (shortest of three)"
    path = name.partition("::")[0]
    return Finding(path, 0, "slower-test", "tests", Severity.WARNING, text, is_apart=True)
