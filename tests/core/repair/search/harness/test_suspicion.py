"""Ochiai's coefficient."""

import pytest

from sweeptree.repair.search.harness.suspicion import TestTrace, suspicion


def trace(name: str, has_passed: bool, *lines: int) -> TestTrace:
    frames = [] if has_passed else [("f.py", 3)]
    return TestTrace(name, has_passed, 0.1, {"f.py": set(lines)}, frames)


def test_a_line_that_only_the_failing_test_runs_is_the_most_suspicious() -> None:
    found = suspicion([trace("red", False, 1, 2), trace("green", True, 1)])["f.py"]
    assert found[2] == 1.0
    assert found[1] == pytest.approx(2**-0.5)


def test_a_line_that_the_error_came_through_is_worth_more() -> None:
    found = suspicion([trace("red", False, 2, 3)])["f.py"]
    assert found[3] > found[2]


def test_a_line_that_only_passing_tests_run_is_not_suspicious() -> None:
    assert 9 not in suspicion([trace("red", False, 1), trace("green", True, 9)])["f.py"]
