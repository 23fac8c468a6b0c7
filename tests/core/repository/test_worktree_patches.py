"""The files of a worktree as a patch, and a patch as a commit."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.errors import Refused
from sweeptree.repository import worktree_patches


def head(repo: Path) -> str:
    return git("rev-parse", "HEAD", cwd=repo)


def test_changed_new_and_deleted_files_come_back_from_a_patch(repo: Path) -> None:
    base = head(repo)
    (repo / "train.py").write_bytes(b"a\r\nno newline")
    (repo / "new").write_bytes(bytes(range(256)))
    (repo / "ecg" / "model.py").unlink()
    patch = worktree_patches.patch_of_files(repo, base)
    git("add", "-A", cwd=repo)
    wanted = git("write-tree", cwd=repo)
    commit = worktree_patches.commit_of_patch(repo, base, patch, "as a patch")
    assert git("rev-parse", f"{commit}^{{tree}}", f"{commit}^", cwd=repo).split() == [wanted, base]


def test_no_index_and_no_file_is_touched(repo: Path) -> None:
    base, index = head(repo), (repo / ".git" / "index").read_bytes()
    (repo / "train.py").write_text("changed\n")
    patch = worktree_patches.patch_of_files(repo, base)
    worktree_patches.commit_of_patch(repo, base, patch, "x")
    assert (repo / ".git" / "index").read_bytes() == index
    assert (repo / "train.py").read_text() == "changed\n"


def test_nothing_changed_is_an_empty_patch(repo: Path) -> None:
    assert worktree_patches.patch_of_files(repo, head(repo)) == b""


def test_a_new_link_out_of_the_worktree_is_no_part_of_it(repo: Path) -> None:
    (repo / ".venv").symlink_to("/opt/env")
    (repo / "inside").symlink_to("train.py")
    patch = worktree_patches.patch_of_files(repo, head(repo))
    assert b"inside" in patch and b".venv" not in patch


def test_what_tools_left_behind_is_no_part_of_it(repo: Path) -> None:
    (repo / ".coverage").write_bytes(b"SQLite")
    (repo / ".ruff_cache").mkdir()
    (repo / ".ruff_cache" / "x").write_text("x")
    assert worktree_patches.patch_of_files(repo, head(repo)) == b""


def test_too_much_is_refused_before_git_reads_it(repo: Path) -> None:
    (repo / "big").write_bytes(b"x" * 2 * 1024**2)
    with pytest.raises(Refused, match="2 MiB of files; the limit is 1 MiB"):
        worktree_patches.patch_of_files(repo, head(repo), limit=1024**2)


def test_a_repository_inside_cannot_be_part_of_a_patch(repo: Path) -> None:
    git("init", "-q", "inner", cwd=repo)
    (repo / "inner" / "x").write_text("x")
    with pytest.raises(Refused, match="inner/"):
        worktree_patches.patch_of_files(repo, head(repo))


def test_a_patch_that_does_not_fit_is_refused(repo: Path) -> None:
    (repo / "train.py").write_text("changed\n")
    patch = worktree_patches.patch_of_files(repo, head(repo))
    git("commit", "-qam", "changed", cwd=repo)
    with pytest.raises(Refused, match="does not apply"):
        worktree_patches.commit_of_patch(repo, head(repo), patch, "x")


def test_what_changed_between_commits_and_where_they_part(repo: Path) -> None:
    base = head(repo)
    (repo / "ecg" / "model.py").unlink()
    (repo / "train.py").write_text("x\n")
    git("commit", "-qam", "more", cwd=repo)
    assert worktree_patches.changed_since(repo, base, "HEAD") == ("train.py",)
    assert worktree_patches.merge_base(repo, base, "HEAD") == base
