"""How big files get into a worktree."""

import os
from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make, make_all
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import remove
from sweeptree.worktrees.manager.sharing import BIG, Share, clone_tree


@pytest.fixture
def with_files(repo: Path) -> Path:
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (repo / "big.secret").write_bytes(os.urandom(BIG))
    (repo / "small.secret").write_text("s")
    return repo


@pytest.mark.parametrize("share", list(Share))
def test_the_bytes_are_there_and_are_no_loss(with_files: Path, share: Share) -> None:
    top = make(with_files, share=share)
    assert (top / "big.secret").read_bytes() == (with_files / "big.secret").read_bytes()
    assert (top / "small.secret").read_text() == "s"
    assert remove(find_repository(with_files), "plots").what == ""
    assert (with_files / "big.secret").stat().st_size == BIG


def test_a_hard_link_is_the_same_file_and_a_small_one_never_is(with_files: Path) -> None:
    top = make(with_files, share=Share.HARDLINK)
    assert (top / "big.secret").samefile(with_files / "big.secret")
    assert not (top / "small.secret").samefile(with_files / "small.secret")


def test_a_link_leads_to_the_checkout_and_is_told(with_files: Path) -> None:
    made = make_all(with_files, share=Share.LINK)
    assert (Path(made.path) / "big.secret").readlink() == with_files / "big.secret"
    assert made.notes == (f"big.secret is a link: you share it with {with_files}",)


@pytest.mark.parametrize("share", [Share.REFLINK, Share.COPY])
def test_a_copy_is_independent(with_files: Path, share: Share) -> None:
    top = make(with_files, share=share)
    (top / "big.secret").write_text("changed")
    assert (with_files / "big.secret").stat().st_size == BIG
    assert git("status", "--porcelain", cwd=top) == ""


def test_the_last_copy_of_a_hard_linked_file_is_saved(with_files: Path) -> None:
    make(with_files, share=Share.HARDLINK)
    (with_files / "big.secret").unlink()
    assert remove(find_repository(with_files), "plots").what == "1 ignored file"


def test_a_tree_is_copied_with_its_links(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_text("c")
    (tmp_path / "a/link").symlink_to("b")
    clone_tree(tmp_path / "a", tmp_path / "z", ("skipped",))
    assert (tmp_path / "z/b/c").read_text() == "c" and (tmp_path / "z/link").is_symlink()
