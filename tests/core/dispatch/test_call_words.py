"""No argument of a tool becomes an option, and no path leads out of the repository."""

from pathlib import Path

import pytest

from sweeptree.cli.app import build_app
from sweeptree.dispatch.call_words import below, words_of
from sweeptree.errors import UsageError


def test_what_looks_like_an_option_is_a_value() -> None:
    words = words_of(["merge"], {"base": "--yes", "dry_run": True}, ["--yes"])
    _, bound, _ = build_app().parse_args(list(words), exit_on_error=False, print_error=False)
    assert bound.args == ("--yes",)
    assert bound.kwargs == {"base": "--yes", "dry_run": True}


def test_truth_is_written_out_and_what_was_not_given_is_not() -> None:
    options = {"yes": False, "title": None, "then": ("a", "b"), "limit": 3}
    assert words_of(["x"], options) == ("x", "--yes=false", "--then=a", "--then=b", "--limit=3")


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        words_of(["x"], {"title": "a\0b"})


@pytest.mark.parametrize("path", ["..", "/etc", "a/../../b", "link"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to("/etc")
    with pytest.raises(UsageError, match="outside"):
        below(top, Path(path), "worktree")


def test_a_path_below_is_taken(tmp_path: Path) -> None:
    assert below(tmp_path, Path("a/b"), "worktree") == (tmp_path / "a" / "b").resolve()
