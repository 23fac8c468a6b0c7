"""Reviews on GitHub: read in one GraphQL query, posted by REST, edited and resolved by GraphQL.

Only GraphQL knows threads: whether one is resolved, and who wrote what. Sources:
docs.github.com/graphql/reference and docs.github.com/rest/pulls/reviews.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sweeptree.model import PullRequest
from sweeptree.publish.forge.base import LineComment, PostedReview, Reviewed, Thread
from sweeptree.publish.forge.client import Client, Refused4xx
from sweeptree.publish.forge.exchange import Exchange, Write
from sweeptree.publish.forge.trouble import explain

_PAGES = 20
READ = """\
query Reviewed($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviews(last: 100) { nodes { id body viewerDidAuthor } }
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved path line originalLine
          comments(first: 50) { nodes { id body viewerDidAuthor } }
        }
      }
    }
  }
}
"""
EDIT_REVIEW = """\
mutation EditReview($id: ID!, $text: String!) {
  updatePullRequestReview(input: {pullRequestReviewId: $id, body: $text}) {
    pullRequestReview { id }
  }
}
"""
EDIT_COMMENT = """\
mutation EditComment($id: ID!, $text: String!) {
  updatePullRequestReviewComment(input: {pullRequestReviewCommentId: $id, body: $text}) {
    pullRequestReviewComment { id }
  }
}
"""
RESOLVE = """\
mutation Resolve($id: ID!) {
  resolveReviewThread(input: {threadId: $id}) { thread { id } }
}
"""
REOPEN = """\
mutation Reopen($id: ID!) {
  unresolveReviewThread(input: {threadId: $id}) { thread { id } }
}
"""
DOCUMENTS = (READ, EDIT_REVIEW, EDIT_COMMENT, RESOLVE, REOPEN)


class GitHubReviews:
    """The reviews of one repository's pull requests."""

    def __init__(self, full_name: str, client: Client) -> None:
        self._owner, _, self._name = full_name.partition("/")
        self._client = client
        self._exchange = Exchange(client)

    def read(self, number: int) -> Reviewed:
        """All reviews and threads."""
        threads: list[Thread] = []
        after: str | None = None
        for _ in range(_PAGES):
            pull = self._page(number, after)
            connection = pull["reviewThreads"]
            threads += [_thread(node) for node in connection["nodes"]]
            page = connection["pageInfo"]
            after = page["endCursor"]
            if not page["hasNextPage"]:
                break
        reviews = tuple(_review(node) for node in pull["reviews"]["nodes"])
        return Reviewed(reviews, tuple(threads))

    def _page(self, number: int, after: str | None) -> Mapping[str, Any]:
        doing = f"reading the reviews of pull request {number}"
        where = {"owner": self._owner, "name": self._name}
        try:
            data = self._client.query(READ, doing, **where, number=number, after=after)
        except Refused4xx as no:
            raise explain(no.refusal) from no
        found: Mapping[str, Any] = data["repository"]["pullRequest"]
        return found

    def post(
        self, pull: PullRequest, marker: str, text: str, comments: Sequence[LineComment]
    ) -> None:
        """One review of the pull request's head. `marker`: a part of `text` that no other has."""
        body = {
            "commit_id": pull.commit,
            "event": "COMMENT",
            "body": text,
            "comments": [_as_json(comment) for comment in comments],
        }
        doing = f"reviewing pull request {pull.number}"
        write = Write("POST", f"/pulls/{pull.number}/reviews", doing, body)
        self._exchange.write(write, lambda: self._has_review(pull.number, marker))

    def _has_review(self, number: int, marker: str) -> bool:
        return any(each.is_ours and marker in each.text for each in self.read(number).reviews)

    def comment(self, pull: PullRequest, comment: LineComment) -> None:
        """One comment on a line, beside a review that was posted earlier."""
        body = {**_as_json(comment), "commit_id": pull.commit}
        doing = f"commenting on {comment.path} in pull request {pull.number}"
        write = Write("POST", f"/pulls/{pull.number}/comments", doing, body)
        self._exchange.write(write, lambda: self._has_comment(pull.number, comment.text))

    def _has_comment(self, number: int, text: str) -> bool:
        return any(each.is_ours and each.opening == text for each in self.read(number).threads)

    def edit_review(self, review_id: str, text: str) -> None:
        """Put another text in place of a review's."""
        self._mutate(EDIT_REVIEW, "editing a review", id=review_id, text=text)

    def edit_comment(self, comment_id: str, text: str) -> None:
        """Put another text in place of a line comment's."""
        self._mutate(EDIT_COMMENT, "editing a review's comment", id=comment_id, text=text)

    def resolve(self, thread_id: str) -> None:
        """Mark a thread as settled."""
        self._mutate(RESOLVE, "resolving a thread", id=thread_id)

    def reopen(self, thread_id: str) -> None:
        """Take that back."""
        self._mutate(REOPEN, "reopening a thread", id=thread_id)

    def _mutate(self, words: str, doing: str, **variables: str) -> None:
        try:
            self._client.mutate(words, doing, **variables)
        except Refused4xx as no:
            raise explain(no.refusal) from no


def _as_json(comment: LineComment) -> dict[str, Any]:
    """A comment on the right side of the diff: the head's."""
    fields = {"path": comment.path, "body": comment.text, "line": comment.line, "side": "RIGHT"}
    if comment.start < comment.line:
        fields |= {"start_line": comment.start, "start_side": "RIGHT"}
    return fields


def _thread(node: Mapping[str, Any]) -> Thread:
    comments = node["comments"]["nodes"]
    first = comments[0] if comments else {"id": "", "body": "", "viewerDidAuthor": False}
    return Thread(
        id=str(node["id"]),
        opening_id=str(first["id"]),
        opening=_lines(first["body"]),
        path=str(node["path"]),
        line=node["line"] or node["originalLine"],
        is_ours=bool(first["viewerDidAuthor"]),
        is_answered=len(comments) > 1,
        is_resolved=bool(node["isResolved"]),
    )


def _review(node: Mapping[str, Any]) -> PostedReview:
    return PostedReview(str(node["id"]), _lines(node["body"]), bool(node["viewerDidAuthor"]))


def _lines(text: object) -> str:
    """GitHub's editor makes CRLF of every line."""
    return str(text or "").replace("\r\n", "\n")
