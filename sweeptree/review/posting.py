"""A review on its pull request: one per head, edited and never stacked.

Each line comment carries a hidden fingerprint, by which it is found again: it is edited while the
finding stands, resolved when a commit fixed it, and left alone as soon as a person wrote there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweeptree.errors import ForgeError
from sweeptree.model import PullRequest
from sweeptree.publish.delivery.body import fenced, plain
from sweeptree.publish.forge import Forge, LineComment, Reviewed, Thread
from sweeptree.review.markdown import markdown_of
from sweeptree.review.values import Finding, Review, Severity

MOST_COMMENTS = 20
_FINDING = re.compile(r"<!-- sweeptree:finding (?P<mark>[0-9a-f]{16}) -->")
_REVIEW = "<!-- sweeptree:review"
_FIXED = "<!-- sweeptree:fixed -->"
_TITLES = {Severity.BLOCKER: "Blocker", Severity.WARNING: "Warning", Severity.NOTE: "Note"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written: new comments, texts of comments that stand, threads to resolve and to
    reopen."""

    new: tuple[Finding, ...] = ()
    edited: tuple[tuple[str, str], ...] = ()
    resolved: tuple[Thread, ...] = ()
    reopened: tuple[str, ...] = ()


def post(forge: Forge, pull: PullRequest, review: Review) -> tuple[str, ...]:
    """Bring the pull request up to date with the review; what was done, in words.

    Raises ForgeError. May be repeated: what stands already is not written again.
    """
    there = forge.reviews.read(pull.number)
    plan = plan_comments(review.findings, there.threads)
    for comment_id, text in plan.edited:
        forge.reviews.edit_comment(comment_id, text)
    for thread in plan.resolved:
        forge.reviews.edit_comment(thread.opening_id, _with_fixed(thread, pull))
        forge.reviews.resolve(thread.id)
    for thread_id in plan.reopened:
        forge.reviews.reopen(thread_id)
    did = _post_review(forge, pull, review, plan.new, there)
    return (*did, *_counted(plan))


def _with_fixed(thread: Thread, pull: PullRequest) -> str:
    """By this mark it is known later who resolved the thread: a token's owner may be a person."""
    if _FIXED in thread.opening:
        return thread.opening
    return f"{thread.opening}\n\n{_FIXED}\nFixed at `{pull.commit[:12]}`."


def _counted(plan: Plan) -> Iterator[str]:
    counts = (
        (len(plan.edited), "edited"),
        (len(plan.resolved), "resolved"),
        (len(plan.reopened), "reopened"),
    )
    for count, word in counts:
        if count:
            yield f"{word} {count} comment{'s' if count > 1 else ''}"


@dataclass(frozen=True, slots=True)
class _There:
    """The threads of ours by fingerprint, and the lines where people wrote."""

    ours: Mapping[str, Thread]
    spoken: frozenset[tuple[str, int | None]]

    def may_be_said(self, finding: Finding) -> bool:
        """Whether it is new, and nobody wrote on its line."""
        place = finding.path, finding.line
        return finding.fingerprint not in self.ours and place not in self.spoken

    def thread_to_keep(self, finding: Finding) -> Thread | None:
        """Its thread, unless a person wrote there or settled it."""
        thread = self.ours.get(finding.fingerprint)
        if thread is None or thread.is_answered:
            return None
        is_settled = thread.is_resolved and _FIXED not in thread.opening
        return None if is_settled else thread


def plan_comments(findings: Sequence[Finding], threads: Iterable[Thread]) -> Plan:
    """Which comments to write, edit, resolve and reopen. Pure."""
    there = _read_threads(threads)
    wanted = [each for each in findings if each.is_on_diff and each.severity is not Severity.NOTE]
    kept = [(each, thread) for each in wanted if (thread := there.thread_to_keep(each))]
    fresh = [each for each in wanted if there.may_be_said(each)]
    room = max(0, MOST_COMMENTS - len(kept))
    return Plan(
        new=tuple(fresh[:room]),
        edited=tuple(_edits(kept)),
        resolved=tuple(_fixed(findings, there)),
        reopened=tuple(thread.id for _, thread in kept if thread.is_resolved),
    )


def _read_threads(threads: Iterable[Thread]) -> _There:
    ours: dict[str, Thread] = {}
    spoken = set()
    for thread in threads:
        found = _FINDING.search(thread.opening) if thread.is_ours else None
        if found is not None:
            ours[found["mark"]] = thread
        if thread.is_answered or not thread.is_ours:
            spoken.add((thread.path, thread.line))
    return _There(ours, frozenset(spoken))


def _edits(kept: Iterable[tuple[Finding, Thread]]) -> Iterator[tuple[str, str]]:
    for finding, thread in kept:
        text = comment_text(finding)
        if thread.opening != text:
            yield thread.opening_id, text


def _fixed(findings: Iterable[Finding], there: _There) -> Iterator[Thread]:
    """Threads of ours whose finding is gone, where nobody else wrote."""
    marks = {each.fingerprint for each in findings}
    for mark, thread in there.ours.items():
        if mark not in marks and not (thread.is_answered or thread.is_resolved):
            yield thread


def _post_review(
    forge: Forge, pull: PullRequest, review: Review, new: Sequence[Finding], there: Reviewed
) -> tuple[str, ...]:
    """The one review of this head; those of earlier heads become one line."""
    marker = f"{_REVIEW} {review.head} -->"
    text = f"{marker}\n{markdown_of(review)}"
    known = [each for each in there.reviews if each.is_ours and _REVIEW in each.text]
    did = _post_or_edit(forge, pull, marker, text, new, there)
    for old in known:
        if marker not in old.text and not _is_superseded(old.text):
            first = old.text.split("\n", 1)[0]
            forge.reviews.edit_review(old.id, f"{first}\n{_superseded(review.head)}")
    return did


def _superseded(head: str) -> str:
    return f"Code Reviewer: superseded by the review of `{head[:12]}`."


def _is_superseded(text: str) -> bool:
    return "superseded by the review of" in text


def _post_or_edit(
    forge: Forge,
    pull: PullRequest,
    marker: str,
    text: str,
    new: Sequence[Finding],
    there: Reviewed,
) -> tuple[str, ...]:
    comments = [_line_comment(finding) for finding in new]
    known = next((each for each in there.reviews if each.is_ours and marker in each.text), None)
    if known is None:
        return _post_new(forge, pull, marker, text, comments)
    if known.text != text:
        forge.reviews.edit_review(known.id, text)
    for comment in comments:
        forge.reviews.comment(pull, comment)
    return ("updated the review",) if known.text != text or comments else ("nothing to update",)


def _post_new(
    forge: Forge, pull: PullRequest, marker: str, text: str, comments: Sequence[LineComment]
) -> tuple[str, ...]:
    """With its comments; without them where the forge's diff lacks one of the lines."""
    try:
        forge.reviews.post(pull, marker, text, comments)
    except ForgeError as error:
        if error.kind != "invalid" or not comments:
            raise
        forge.reviews.post(pull, marker, text, ())
        return ("posted the review, without line comments: the forge's diff lacks a line",)
    count = f" with {len(comments)} line comments" if comments else ""
    return (f"posted the review{count}",)


def _line_comment(finding: Finding) -> LineComment:
    last = finding.last_line if finding.suggestion is not None else finding.line
    return LineComment(finding.path, last, finding.line, comment_text(finding))


def comment_text(finding: Finding) -> str:
    """The text of a line comment, with its hidden fingerprint."""
    rules = ", ".join([f"{finding.tool}: {finding.rule}", *finding.others])
    lines = [
        f"<!-- sweeptree:finding {finding.fingerprint} -->",
        f"**{_TITLES[finding.severity]}**: {plain(finding.message)} ({plain(rules)})",
    ]
    if finding.suggestion is not None:
        lines += ["", _suggestion(finding.suggestion)]
    return "\n".join(lines)


def _suggestion(text: str) -> str:
    """A block that GitHub offers to commit; its fence is longer than any in the text."""
    block = fenced(text)
    fence = block.split("\n", 1)[0]
    ticks = re.match(r"`*", fence)
    assert ticks is not None
    return f"{ticks[0]}suggestion{block[len(fence) :]}"
