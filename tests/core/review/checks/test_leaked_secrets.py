"""Secrets in a change."""

from pathlib import Path

from core.review_kit import make_change
from sweeptree.review.checks.leaked_secrets import check_secrets
from sweeptree.review.values import Severity

TOKEN = "ghp_" + "A" * 36


def test_a_token_is_found_and_not_repeated(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": "x = 1\n"}, {"a.py": f"x = 1\nkey = '{TOKEN}'\n"})
    (found,) = check_secrets(change).findings
    assert (found.line, found.severity) == (2, Severity.BLOCKER)
    assert TOKEN not in found.message


def test_one_that_only_moved_is_no_news(tmp_path: Path) -> None:
    change = make_change(tmp_path, {"a.py": TOKEN, "b.py": ""}, {"a.py": "", "b.py": TOKEN})
    assert check_secrets(change).findings == ()


def test_a_marked_line_is_left_alone(tmp_path: Path) -> None:
    text = f"{TOKEN}  # pragma: allowlist secret\n"
    assert check_secrets(make_change(tmp_path, {}, {"a.py": text})).findings == ()


def test_a_file_that_is_made_for_secrets(tmp_path: Path) -> None:
    (found,) = check_secrets(make_change(tmp_path, {}, {"deploy/.env": "A=1\n"})).findings
    assert found.severity is Severity.WARNING


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    change = make_change(tmp_path, {}, {"a.csv": "1" * 2_000_001})
    assert "too large to be read: a.csv" in check_secrets(change).note
