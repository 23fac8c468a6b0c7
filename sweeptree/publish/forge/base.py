"""What sweeptree asks of a code host, as a protocol and plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sweeptree.model import PullRequest

Method = Literal["merge", "squash", "rebase"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pull request as it should be. `branch` and `base` (and the repository) are its identity.

    `block` is the generated part of the body; what people write context it stays. `owner`: whose
    repository holds the branch.
    """

    branch: str
    base: str
    title: str
    block: str
    owner: str
    is_draft: bool = True
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ensured:
    """The pull request as it is now; `did`: what was written, one word each; `warnings`: what could
    not be."""

    pull: PullRequest
    did: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that is written once per `marker` and afterwards edited in place."""

    marker: str
    text: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """What reviewers and checks say about one commit of a pull request.

    `approvals`: people who approved exactly this commit; `stale`: who approved an older one;
    `objections`: who asked for changes. `red`, `running`, `missing`: names of checks.
    `required_approvals`: what the base asks for.
    """

    approvals: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    green: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    required_approvals: int = 0
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class LineComment:
    """A comment on lines that a pull request adds. `line` is the last of them, `start` the first
    (the same for one line)."""

    path: str
    line: int
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said about a line.

    `opening` is its first comment; `is_ours`: written by this token's owner; `is_answered`: it has
    other comments; `line`: where it stands, or stood while it was in the diff.
    """

    id: str
    opening_id: str
    opening: str
    path: str
    line: int | None
    is_ours: bool
    is_answered: bool
    is_resolved: bool


@dataclass(frozen=True, slots=True)
class PostedReview:
    """A review that stands on a pull request."""

    id: str
    text: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All that was said on a pull request in reviews."""

    reviews: tuple[PostedReview, ...] = ()
    threads: tuple[Thread, ...] = ()


class Reviews(Protocol):
    """The reviews of one repository's pull requests. Every method may raise ForgeError."""

    def read(self, number: int) -> Reviewed:
        """All reviews and threads."""

    def post(
        self, pull: PullRequest, marker: str, text: str, comments: Sequence[LineComment]
    ) -> None:
        """One review of the pull request's head. `marker`: a part of `text` that no other has."""

    def comment(self, pull: PullRequest, comment: LineComment) -> None:
        """One comment on a line, beside a review that was posted earlier."""

    def edit_review(self, review_id: str, text: str) -> None:
        """Put another text in place of a review's."""

    def edit_comment(self, comment_id: str, text: str) -> None:
        """Put another text in place of a line comment's."""

    def resolve(self, thread_id: str) -> None:
        """Mark a thread as settled."""

    def reopen(self, thread_id: str) -> None:
        """Take that back."""


class Forge(Protocol):
    """One repository on a code host. Every method may raise ForgeError with a readable reason."""

    @property
    def name(self) -> str:
        """OWNER/REPO."""

    @property
    def reviews(self) -> Reviews:
        """The reviews of its pull requests."""

    def find(self, branch: str, base: str, owner: str) -> PullRequest | None:
        """The open pull request of this identity, else the newest closed one. One request."""

    def ensure(self, wanted: Wanted, known: PullRequest | None) -> Ensured:
        """Make the pull request what it should be; `known` is what `find` said.

        Writes only the difference.
        """

    def add_labels_and_reviewers(
        self, done: Ensured, labels: Sequence[str], reviewers: Sequence[str], *, is_new: bool
    ) -> Ensured:
        """Add the labels and ask the reviewers that the pull request lacks."""

    def get(self, number: int) -> PullRequest:
        """One pull request."""

    def comment(self, number: int, comment: Comment) -> None:
        """Write a comment, or edit the one with the same marker."""

    def readiness(self, pull: PullRequest) -> Readiness:
        """Reviews and checks of the pull request's head."""

    def set_status(self, commit: str, *, ok: bool, context: str, description: str) -> None:
        """Put a status on a commit."""

    def merge(self, pull: PullRequest, *, method: Method, title: str) -> str:
        """Merge, if the head is still `pull.commit`. Returns the merge's commit."""
