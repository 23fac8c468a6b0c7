"""The page of a review."""

from sweeptree.review.markdown import MOST_LINES, markdown_of, verdict
from sweeptree.review.values import CheckRun, Finding, Review, Severity


def review(*severities: Severity, message: str = "text") -> Review:
    found = [
        Finding("a.py", number, "R1", "tool", severity, message)
        for number, severity in enumerate(severities, 1)
    ]
    checks = (CheckRun("lint", True, "ruff", 0.1), CheckRun("tests", False, "not wanted", 0.0))
    return Review("topic", "b" * 40, "a" * 40, 1, 2, 3, tuple(found), checks)


def test_blockers_decide_the_verdict() -> None:
    assert verdict(review(Severity.BLOCKER, Severity.NOTE)) == "1 blocker; 0 warnings, 1 note"
    assert verdict(review(Severity.WARNING)) == "nothing stands in the way; 1 warning, 0 notes"


def test_blockers_come_first_and_notes_are_folded() -> None:
    page = markdown_of(review(Severity.BLOCKER, Severity.WARNING, Severity.NOTE))
    assert page.index("**Blockers**") < page.index("**Warnings**") < page.index("<details>")


def test_it_never_has_more_than_sixty_lines() -> None:
    many = [severity for severity in Severity for _ in range(200)]
    page = markdown_of(review(*many))
    assert len(page.splitlines()) <= MOST_LINES
    assert "and 186 more" in page


def test_a_message_formats_nothing_and_pings_nobody() -> None:
    page = markdown_of(review(Severity.WARNING, message="@team <b>`x`\n# big"))
    assert "@team" not in page and "<b>" not in page and "\n# big" not in page


def test_what_did_not_run_is_said() -> None:
    assert "Not run: tests (not wanted)." in markdown_of(review())
