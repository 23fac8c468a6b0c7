"""The test forge's side of the GraphQL interface: reviews and threads of a pull request.

It knows the documents that sweeptree sends, by the names of their operations; that GitHub would
take them is tested against GitHub's own schema (test_reviews.py).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from forge.hub import Answer, Conversation, Hub, Pull, Remark

VIEWER = "ada"
_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w+)")


def operation_name(words: str) -> str:
    """The name of the operation that a document holds."""
    found = _OPERATION.match(words)
    return found[1] if found else ""


def graphql(hub: Hub, words: str, variables: dict[str, Any]) -> Answer:
    """The answer to a query or mutation; what is refused has status 200 too."""
    hub.refresh()
    data = _OPERATIONS[operation_name(words)](hub, variables)
    if data is None:
        error = {"type": "NOT_FOUND", "message": "Could not resolve to a node"}
        return Answer(200, {"data": None, "errors": [error]})
    return Answer(200, {"data": data})


def _reviewed(hub: Hub, variables: dict[str, Any]) -> dict[str, Any] | None:
    pull = hub.pulls.get(variables["number"])
    if pull is None:
        return None
    start = int(variables.get("after") or 0)
    page = pull.threads[start : start + 100]
    end = start + len(page)
    threads = {
        "pageInfo": {"hasNextPage": end < len(pull.threads), "endCursor": str(end)},
        "nodes": [_thread(hub, pull, thread) for thread in page],
    }
    reviews = [_review(review) for review in pull.reviews[-100:]]
    request = {"reviews": {"nodes": reviews}, "reviewThreads": threads}
    return {"repository": {"pullRequest": request}}


def _review(review: dict[str, Any]) -> dict[str, Any]:
    is_ours = review["user"]["login"] == VIEWER
    return {"id": review["node_id"], "body": review["body"], "viewerDidAuthor": is_ours}


def _thread(hub: Hub, pull: Pull, thread: Conversation) -> dict[str, Any]:
    remarks = [
        {"id": each.id, "body": each.body, "viewerDidAuthor": each.author == VIEWER}
        for each in thread.remarks
    ]
    return {
        "id": thread.id,
        "isResolved": thread.resolved_by is not None,
        "path": thread.path,
        "line": _line_now(hub, pull, thread),
        "originalLine": thread.line,
        "comments": {"nodes": remarks},
    }


def _line_now(hub: Hub, pull: Pull, thread: Conversation) -> int | None:
    """Where the line stands in the head; None when it is no longer there."""
    lines = hub.repo.git("show", f"{pull.head}:{thread.path}", check=False).split("\n")
    here = lines[thread.line - 1] if thread.line <= len(lines) else None
    if here == thread.text:
        return thread.line
    return lines.index(thread.text) + 1 if thread.text in lines else None


def _edit_review(hub: Hub, variables: dict[str, Any]) -> dict[str, Any] | None:
    for pull in hub.pulls.values():
        for review in pull.reviews:
            if review["node_id"] == variables["id"] and review["user"]["login"] == VIEWER:
                review["body"] = variables["text"]
                return {"updatePullRequestReview": {"pullRequestReview": {"id": variables["id"]}}}
    return None


def _edit_comment(hub: Hub, variables: dict[str, Any]) -> dict[str, Any] | None:
    for thread in _threads(hub):
        for remark in thread.remarks:
            if remark.id == variables["id"] and remark.author == VIEWER:
                remark.body = variables["text"]
                done = {"pullRequestReviewComment": {"id": remark.id}}
                return {"updatePullRequestReviewComment": done}
    return None


def _resolve(hub: Hub, variables: dict[str, Any]) -> dict[str, Any] | None:
    return _set_resolved(hub, variables["id"], VIEWER, "resolveReviewThread")


def _reopen(hub: Hub, variables: dict[str, Any]) -> dict[str, Any] | None:
    return _set_resolved(hub, variables["id"], None, "unresolveReviewThread")


def _set_resolved(hub: Hub, thread_id: str, who: str | None, name: str) -> dict[str, Any] | None:
    for thread in _threads(hub):
        if thread.id == thread_id:
            thread.resolved_by = who
            return {name: {"thread": {"id": thread_id}}}
    return None


def _threads(hub: Hub) -> Iterator[Conversation]:
    for pull in hub.pulls.values():
        yield from pull.threads


_OPERATIONS: dict[str, Callable[[Hub, dict[str, Any]], dict[str, Any] | None]] = {
    "Reviewed": _reviewed,
    "EditReview": _edit_review,
    "EditComment": _edit_comment,
    "Resolve": _resolve,
    "Reopen": _reopen,
}


def is_in_diff(hub: Hub, pull: Pull, comment: dict[str, Any]) -> bool:
    """Whether the comment's lines stand in one hunk of the pull request's diff."""
    words = ("diff", "--unified=3", f"{hub.repo.tip(pull.base)}...{pull.head}", "--")
    diff = hub.repo.git(*words, comment["path"], check=False)
    hunks = re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", diff, re.MULTILINE)
    first = comment.get("start_line", comment["line"])
    for start, count in hunks:
        begin, length = int(start), int(count or 1)
        if begin <= first <= comment["line"] < begin + length:
            return True
    return False


def open_thread(hub: Hub, pull: Pull, comment: dict[str, Any], author: str = VIEWER) -> None:
    """A new thread with one comment."""
    text = hub.repo.git("show", f"{pull.head}:{comment['path']}").split("\n")
    remark = Remark(f"C{hub.next_id()}", comment["body"], author)
    line = int(comment["line"])
    thread = Conversation(f"T{hub.next_id()}", comment["path"], line, text[line - 1], [remark])
    pull.threads.append(thread)
