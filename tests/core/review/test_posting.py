"""What is to be written on a pull request, from what stands there."""

from dataclasses import replace

from sweeptree.publish.forge import Thread
from sweeptree.review.posting import Plan, comment_text, plan_comments
from sweeptree.review.values import Finding, Severity


def finding(mark: str, line: int = 1, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(
        "a.py", line, "R1", "tool", severity, "text", is_on_diff=True, fingerprint=mark * 16
    )


def thread(of: Finding, **more: bool) -> Thread:
    flags = {"is_ours": True, "is_answered": False, "is_resolved": False} | more
    return Thread("T1", "C1", comment_text(of), of.path, of.line, **flags)


def test_a_new_finding_is_said_once() -> None:
    one = finding("a")
    assert plan_comments([one], []).new == (one,)
    assert plan_comments([one], [thread(one)]).new == ()


def test_notes_and_lines_outside_the_diff_are_not_said() -> None:
    note = finding("a", severity=Severity.NOTE)
    outside = Finding("b.py", 1, "R", "t", Severity.BLOCKER, "text", fingerprint="b" * 16)
    assert plan_comments([note, outside], []).new == ()


def test_a_text_that_changed_is_edited() -> None:
    old = finding("a")
    worse = finding("a", severity=Severity.BLOCKER)
    assert plan_comments([worse], [thread(old)]).edited == (("C1", comment_text(worse)),)


def test_what_is_gone_is_resolved_unless_a_person_wrote_there() -> None:
    one = finding("a")
    assert plan_comments([], [thread(one)]).resolved == (thread(one),)
    assert plan_comments([], [thread(one, is_answered=True)]).resolved == ()
    assert plan_comments([], [thread(one, is_resolved=True)]).resolved == ()


def test_a_thread_is_opened_again_only_where_we_resolved_it() -> None:
    one = finding("a")
    by_person = thread(one, is_resolved=True)
    by_us = replace(by_person, opening=f"{by_person.opening}\n<!-- sweeptree:fixed -->")
    assert plan_comments([one], [by_person]).reopened == ()
    assert plan_comments([one], [by_us]).reopened == ("T1",)
    assert plan_comments([one], [by_us]).edited == (("C1", comment_text(one)),)


def test_nothing_more_is_said_on_a_line_where_a_person_wrote() -> None:
    answered = thread(finding("a"), is_answered=True)
    assert plan_comments([finding("b")], [answered]).new == ()
    assert len(plan_comments([finding("b", line=2)], [answered]).new) == 1


def test_where_somebody_else_opened_a_thread_we_are_silent() -> None:
    one = finding("a")
    plan = plan_comments([one], [thread(one, is_ours=False)])
    assert plan == Plan()


def test_at_most_twenty_with_the_gravest_first() -> None:
    many = [finding("0123456789abcdef"[n % 16], line=n + 1) for n in range(16)]
    twice = [*many, *(finding("f", line=40 + n) for n in range(16))]
    assert plan_comments(twice, []).new == tuple(twice[:20])


def test_a_suggestion_cannot_be_ended_by_its_own_text() -> None:
    one = finding("a")
    text = comment_text(
        Finding(one.path, 1, "R", "t", one.severity, "m", suggestion="````x", fingerprint="a" * 16)
    )
    assert "`````suggestion\n````x\n`````" in text
