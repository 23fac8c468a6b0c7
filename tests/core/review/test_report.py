"""The agent's form and report."""

import pytest

from sweeptree.errors import UsageError
from sweeptree.model.report import ReportState
from sweeptree.review.report import ReviewSpec, report_on, subject_of
from sweeptree.review.values import CheckRun, Finding, Review, Severity

BLOCKER = Finding("a.py", 2, "F821", "ruff", Severity.BLOCKER, "undefined", fingerprint="f" * 16)
CHECKS = (CheckRun("lint", True, "ruff", 0.1),)


def test_a_blocked_change_is_a_review_that_was_done() -> None:
    report = report_on(Review("topic", "b", "a", 1, 2, 3, (BLOCKER,), CHECKS))
    assert (report.state, report.verdict) == (ReportState.DONE, "blocked")
    assert report.findings[0].model_dump()["severity"] == "blocker"
    assert report.checks[0].note == "ruff"


def test_a_clean_change_passes() -> None:
    assert report_on(Review("topic", "b", "a", 1, 2, 3, (), CHECKS)).verdict == "passed"


def test_the_form_gives_the_options() -> None:
    options = ReviewSpec(run_tests=False, base="dev", budget=7).options
    assert (options.run_tests, options.base, options.budget, options.post) == (
        False, "dev", 7.0, False,
    )  # fmt: skip


def test_a_base_for_what_has_one_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="base is for a worktree only"):
        subject_of(ReviewSpec(subject="a..b", base="c"))
