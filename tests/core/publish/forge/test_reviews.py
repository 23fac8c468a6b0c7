"""GitHub's reviews as values of ours. The requests: tests/forge/test_reviews.py."""

from typing import Any

from sweeptree.publish.forge.base import LineComment
from sweeptree.publish.forge.reviews import _as_json, _thread


def node(**more: Any) -> dict[str, Any]:
    comments = {"nodes": [{"id": "C1", "body": "a\r\nb", "viewerDidAuthor": True}]}
    plain = {"id": "T1", "isResolved": False, "path": "a.py", "line": 3}
    return plain | {"originalLine": 2, "comments": comments} | more


def test_any_reply_is_an_answer_also_of_the_tokens_owner() -> None:
    thread = _thread(node())
    assert (thread.is_ours, thread.is_answered, thread.opening) == (True, False, "a\nb")
    reply = {"id": "C2", "body": "", "viewerDidAuthor": True}
    both = {"nodes": [*node()["comments"]["nodes"], reply]}
    assert _thread(node(comments=both)).is_answered


def test_a_line_that_left_the_diff_is_where_it_was() -> None:
    assert _thread(node(line=None)).line == 2


def test_one_line_has_no_start() -> None:
    assert "start_line" not in _as_json(LineComment("a.py", 3, 3, "text"))
    assert _as_json(LineComment("a.py", 5, 3, "text"))["start_line"] == 3
