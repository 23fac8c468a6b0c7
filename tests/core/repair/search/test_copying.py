"""A copy for a moment."""

import os
from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.repair.search import copying


def test_the_files_are_copied_without_gits_and_gone_afterwards(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "link").symlink_to("a.py")
    with copying.workplace(tmp_path) as place:
        assert sorted(path.name for path in place.tree.iterdir()) == ["a.py", "link"]
        assert (place.tree / "link").is_symlink()
    assert not place.tree.parent.exists()


def test_a_large_worktree_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(copying.MOST_BYTES + 1)
    with pytest.raises(Refused, match="1024 MB"), copying.workplace(tmp_path):
        pass


def test_a_worktree_that_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="could not be copied"), copying.workplace(tmp_path):
        pass
