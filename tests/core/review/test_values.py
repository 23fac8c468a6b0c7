"""Findings and reviews as values."""

import pytest

from sweeptree.errors import UsageError
from sweeptree.review.values import Finding, ReviewOptions, Severity, in_order


def finding(severity: Severity, path: str = "a.py", line: int = 1) -> Finding:
    return Finding(path, line, "R1", "tool", severity, "text")


def test_the_gravest_comes_first_then_by_place() -> None:
    note, late = finding(Severity.NOTE), finding(Severity.BLOCKER, line=9)
    early = finding(Severity.BLOCKER, line=2)
    assert in_order([note, late, early]) == (early, late, note)


def test_a_finding_about_a_file_has_no_line_in_its_place() -> None:
    assert finding(Severity.NOTE, line=0).place == "a.py"
    assert finding(Severity.NOTE, line=3).place == "a.py:3"


def test_a_time_of_nothing_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="lengths of time"):
        ReviewOptions(timeout=0)


def test_an_empty_test_command_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="empty"):
        ReviewOptions(test_command="")
