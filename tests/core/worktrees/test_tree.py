"""A tree by its stat data: every later change is seen, and deleting never follows a link."""

import os
from pathlib import Path

import pytest

from sweeptree.worktrees.tree import (
    compare,
    discard,
    picture,
    remove_tree,
    renewed,
    safe_parent,
    settled_picture,
)


def test_write_right_after_the_picture_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "f"
    for _ in range(30):
        file.write_text("a")
        old = settled_picture(tmp_path)
        file.write_text("b")
        assert compare(tmp_path, old).changed == ["f"]


def test_whole_second_clock_is_never_trusted(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a")
    old = settled_picture(tmp_path)
    coarse = type(old)({path: (*mark[:3], -1) for path, mark in old.files.items()}, old.folders)
    assert compare(tmp_path, renewed(tmp_path, coarse, ["f"])).changed == ["f"]


def test_difference_names_each_kind(tmp_path: Path) -> None:
    for name in ("changed", "missing", "gone/f", "wrong/f"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a")
    old = settled_picture(tmp_path)
    (tmp_path / "changed").write_text("b")
    (tmp_path / "missing").unlink()
    remove_tree(tmp_path / "gone")
    (tmp_path / "wrong").chmod(0o700)
    (tmp_path / "new/deep").mkdir(parents=True)
    (tmp_path / "extra").symlink_to("/")
    found = compare(tmp_path, old)
    assert (found.changed, found.missing, found.extra) == (
        ["changed"],
        ["missing", "gone/f"],
        ["extra"],
    )
    assert (found.new, found.gone, found.wrong) == (["new"], ["gone"], ["wrong"])


def test_untouched_tree_does_not_differ(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f").write_text("")
    assert not compare(tmp_path, picture(tmp_path))


def test_file_of_another_mode_is_not_accepted(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a")
    old = settled_picture(tmp_path)
    (tmp_path / "f").chmod(0o600)
    with pytest.raises(OSError, match="could not be put back"):
        renewed(tmp_path, old, ["f"])


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_locked_folders_are_deleted(tmp_path: Path, mode: int) -> None:
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    (deep / "f").write_text("")
    deep.chmod(mode)
    discard(tmp_path, "a")
    assert os.listdir(tmp_path) == []


def test_deleting_stops_at_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/f").write_text("")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove_tree(tmp_path / "a")
    discard(tmp_path, "link")
    assert sorted(os.listdir(tmp_path)) == ["kept"]
    assert (tmp_path / "kept/f").exists()


def test_nothing_is_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "top").mkdir()
    (tmp_path / "top/a").symlink_to(tmp_path / "out")
    with pytest.raises(NotADirectoryError):
        safe_parent(tmp_path / "top", "a/b/c")
    assert os.listdir(tmp_path / "out") == []
