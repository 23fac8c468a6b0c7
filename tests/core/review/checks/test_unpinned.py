"""Hunks whose removal no test notices."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from sweeptree.publish.checks import CaseState, Runner, TestCase, TestResults
from sweeptree.repository import find_repository
from sweeptree.review.change import opened_change
from sweeptree.review.checks.unpinned import Trial, check_unpinned
from sweeptree.review.values import CheckResult, Severity

GREEN = TestResults(
    "pytest", "c", Runner.PYTEST, (TestCase("t::a", CaseState.PASSED),), exit_code=0, seconds=0.01
)
RED = replace(GREEN, cases=(TestCase("t::a", CaseState.FAILED),), exit_code=1)


@pytest.fixture
def changed(repo: Path) -> Path:
    """Two hunks that matter in one file, a comment, and a test."""
    lines = [f"x{number} = {number}\n" for number in range(20)]
    (repo / "a.py").write_text("".join(lines))
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "base", cwd=repo)
    lines[1], lines[9], lines[18] = "x1 = 'pinned'\n", "x9 = 9  # why\n", "x18 = 'loose'\n"
    (repo / "a.py").write_text("".join(lines))
    (repo / "test_a.py").write_text("def test(): pass\n")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "head", cwd=repo)
    return repo


def checked(top: Path, trial: Trial) -> CheckResult:
    base, head = git("rev-parse", "HEAD~1", "HEAD", cwd=top).splitlines()
    with opened_change(find_repository(top), base, head) as change:
        return check_unpinned(change, trial)


def trial(budget: float = 60.0, reached: frozenset[int] | None = None) -> Trial:
    lines = {} if reached is None else {"a.py": reached}
    return Trial(GREEN, lambda patch: RED if b"pinned" in patch else GREEN, budget, lines)


def test_a_hunk_that_no_test_notices(changed: Path) -> None:
    result = checked(changed, trial())
    assert [each.line for each in result.findings] == [19]
    assert result.note == "2 of 2 hunks tried"


def test_what_the_tests_never_reach_is_not_tried(changed: Path) -> None:
    result = checked(changed, trial(reached=frozenset({2})))
    assert result.note == "1 of 1 hunks tried"


def test_the_budget_holds(changed: Path) -> None:
    assert not checked(changed, trial(budget=0.0)).is_run


def test_without_a_passing_test_it_is_not_run(changed: Path) -> None:
    assert not checked(changed, replace(trial(), head=RED)).is_run


def test_a_hunk_that_makes_a_test_fail_is_noticed(changed: Path) -> None:
    two = (TestCase("t::a", CaseState.PASSED), TestCase("t::b", CaseState.FAILED))
    head = replace(GREEN, cases=two, exit_code=1)
    mended = replace(head, cases=(two[0], replace(two[1], state=CaseState.PASSED)))
    run = lambda patch: mended if b"pinned" in patch else head  # noqa: E731
    result = checked(changed, Trial(head, run, 60.0, {}))
    assert [each.line for each in result.findings] == [19]


def test_what_may_be_a_refactoring_is_only_a_note(repo: Path) -> None:
    for text in ("def f(x):\n    return x + x\n", "def f(x):\n    return sum([x, x])\n"):
        (repo / "a.py").write_text(text)
        git("add", ".", cwd=repo)
        git("commit", "-q", "-m", "f", cwd=repo)
    (found,) = checked(repo, trial()).findings
    assert (found.line, found.severity) == (2, Severity.NOTE)
