"""GitHub's reviews as values of ours. The requests: tests/forge/test_reviews.py."""

from typing import Any

from sweeptree.publish.forge.base import LineComment
from sweeptree.publish.forge.reviews import _as_json, _thread


def node(**more: Any) -> dict[str, Any]:
    comments = {"nodes": [{"id": "C1", "body": "a\r\nb", "viewerDidAuthor": True}]}
    plain = {"id": "T1", "isResolved": False, "resolvedBy": None, "path": "a.py", "line": 3}
    return plain | {"originalLine": 2, "comments": comments} | more


def test_a_thread_is_ours_until_somebody_answers() -> None:
    thread = _thread(node(), "ada")
    assert (thread.is_ours, thread.is_answered, thread.opening) == (True, False, "a\nb")
    both = {
        "nodes": [*node()["comments"]["nodes"], {"id": "2", "body": "", "viewerDidAuthor": False}]
    }
    assert _thread(node(comments=both), "ada").is_answered


def test_a_line_that_left_the_diff_is_where_it_was() -> None:
    assert _thread(node(line=None), "ada").line == 2


def test_who_resolved_it_counts() -> None:
    settled = node(isResolved=True, resolvedBy={"login": "grace"})
    assert not _thread(settled, "ada").is_resolved_by_us
    assert _thread(settled, "grace").is_resolved_by_us


def test_one_line_has_no_start() -> None:
    assert "start_line" not in _as_json(LineComment("a.py", 3, 3, "text"))
    assert _as_json(LineComment("a.py", 5, 3, "text"))["start_line"] == 3
