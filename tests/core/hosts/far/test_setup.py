"""The program that sets up, asked directly."""

from pathlib import Path

import pytest

from sweeptree.hosts.far import setup


def test_files_that_lead_back_are_found_in_what_was_made_only(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "x.pth").write_text(str(tmp_path))
    assert setup.leading_back(tmp_path, [".venv"]) == ""
    (tmp_path / ".venv/x.pth").write_text(f"{tmp_path}/src")
    assert setup.leading_back(tmp_path, [".venv"]) == ".venv/x.pth"


def test_what_git_does_not_do_is_an_error_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a git command"):
        setup.git(tmp_path, "no-such-word")
