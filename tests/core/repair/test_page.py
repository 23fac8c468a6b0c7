"""The page for people: complete, bounded, and nobody's text formats it."""

from core.repair.kit import failed, passed, report_of
from sweeptree.publish.checks import RedFlag
from sweeptree.repair.decision import FixDecision, FixState
from sweeptree.repair.failures import Failure, FailureKind, FailureReport
from sweeptree.repair.ladder import Attempt, AttemptState
from sweeptree.repair.page import make_page
from sweeptree.repair.proposal import RungName

PATCH = b"--- a/p.py\n+++ b/p.py\n-```\n+x\n"


def page(report: FailureReport, *attempts: Attempt) -> str:
    return make_page(FixDecision(FixState.FIXED, "done", "main", "c" * 40, report, attempts))


def test_each_failing_test_stands_with_its_frame_and_its_kind() -> None:
    report = report_of(failed(), failed("b"), passed("c")).with_flaky({"b": "it passes alone"})
    text = page(report)
    assert "| test\\_program.py::test\\_double | real | assert 5 == 4 | program.py:2 |" in text
    assert "| b | flaky | it passes alone | program.py:2 |" in text
    assert "before: 1 passed, 2 failing" in text


def test_what_was_tried_says_why_it_was_refused() -> None:
    flags = (RedFlag("p.py", 3, "skips a test", "pytest.skip()"),)
    text = page(
        report_of(failed()),
        Attempt(RungName.DETERMINISTIC, AttemptState.REFUSED, ("it still fails",), "tidied"),
        Attempt(RungName.COMMAND, AttemptState.NEEDS_PERSON, flags=flags, seconds=3.0),
        Attempt(RungName.SEARCH, AttemptState.ALTERNATIVE, note="another"),
    )
    assert "- deterministic: **refused** tidied\n  - it still fails" in text
    assert "needs person** (3.0 s)\n  - look at `p.py:3`: skips a test" in text
    assert "**Others that were found, and not judged**\n\n- another" in text


def test_a_patch_cannot_end_its_own_block() -> None:
    text = page(report_of(failed()), Attempt(RungName.COMMAND, AttemptState.ACCEPTED, patch=PATCH))
    assert "````diff\n" in text and "Found by search" not in text


def test_a_patch_found_by_search_says_so() -> None:
    text = page(report_of(failed()), Attempt(RungName.SEARCH, AttemptState.ACCEPTED, patch=PATCH))
    assert "**Found by search**" in text


def test_text_of_others_formats_nothing_and_pings_nobody() -> None:
    case = failed("a|b", "@everyone **bold**\n# title", trace="```\n# title")
    text = page(FailureReport(report_of(case).results, (Failure(case, FailureKind.REAL),)))
    assert "@everyone" not in text and "**bold**" not in text
    assert "\n# title\n````" in text and "a\\|b" in text
