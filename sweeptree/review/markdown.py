"""A review as a page of at most 60 lines: the verdict, blockers first, notes folded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweeptree.publish.delivery.body import code, plain
from sweeptree.review.values import CheckRun, Finding, Review, Severity, of_severity

MOST_LINES = 60
_BLOCKERS, _WARNINGS, _NOTES = 14, 14, 8
_WIDTH = 240


def markdown_of(review: Review) -> str:
    """The page. Names and messages of others format nothing and ping nobody."""
    lines = [
        f"### Code Reviewer: {verdict(review)}",
        "",
        _subject(review),
        *_section("Blockers", review.blockers, _BLOCKERS),
        *_section("Warnings", of_severity(review.findings, Severity.WARNING), _WARNINGS),
        *_folded_notes(of_severity(review.findings, Severity.NOTE)),
        *_checks(review.checks),
    ]
    return "\n".join(lines)


def verdict(review: Review) -> str:
    """One line: whether something stands in the way, and how much was found."""
    counts = [len(of_severity(review.findings, severity)) for severity in Severity]
    blockers, warnings, notes = counts
    others = f"{_count(warnings, 'warning')}, {_count(notes, 'note')}"
    if blockers:
        return f"{_count(blockers, 'blocker')}; {others}"
    return f"nothing stands in the way; {others}"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _subject(review: Review) -> str:
    files = _count(review.files, "file")
    size = f"{files}, +{review.added} -{review.removed}"
    return f"{plain(review.subject)}: `{review.base[:12]}..{review.head[:12]}`, {size}"


def _section(title: str, findings: Sequence[Finding], most: int) -> Iterator[str]:
    if not findings:
        return
    yield from ("", f"**{title}**")
    yield from map(item_of, findings[:most])
    if len(findings) > most:
        yield f"- and {len(findings) - most} more, in the JSON report"


def item_of(finding: Finding) -> str:
    """One finding as a line of a list."""
    rules = ", ".join([f"{finding.tool}: {finding.rule}", *finding.others])
    place = f"{code(finding.place)} " if finding.path else ""
    return f"- {place}{plain(finding.message)[:_WIDTH]} ({plain(rules)[:_WIDTH]})"


def _folded_notes(notes: Sequence[Finding]) -> Iterator[str]:
    if not notes:
        return
    yield from ("", f"<details><summary>{_count(len(notes), 'note')}</summary>", "")
    yield from map(item_of, notes[:_NOTES])
    if len(notes) > _NOTES:
        yield f"- and {len(notes) - _NOTES} more"
    yield from ("", "</details>")


def _checks(checks: Sequence[CheckRun]) -> Iterator[str]:
    """What ran in one line, what did not run and why in another."""
    ran = [f"{each.name} ({plain(each.note)})" for each in checks if each.is_run]
    missing = [f"{each.name} ({plain(each.note)})" for each in checks if not each.is_run]
    if ran:
        yield from ("", f"Checked: {'; '.join(ran)}.")
    if missing:
        yield from ("", f"Not run: {'; '.join(missing)}.")
