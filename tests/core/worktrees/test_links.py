"""What worktrees get beside the commit: links to large folders, copies of included files."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool
from sweeptree.errors import Refused, UsageError


def test_data_folder_is_linked_and_never_deleted(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    with make_pool(repo) as pool:
        worktree = pool.acquire()
        assert (worktree.top / "data").readlink() == repo / "data"
        pool.release(worktree, keep=False)
    assert (repo / "data/x.csv").read_text() == "1"


def test_committed_data_folder_is_not_linked(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "data", cwd=repo)
    with make_pool(repo) as pool:
        assert not (pool.acquire().top / "data").is_symlink()


def test_chosen_folders_are_linked(repo: Path) -> None:
    (repo / "big/raw").mkdir(parents=True)
    with make_pool(repo, links=["big/raw"]) as pool:
        assert (pool.acquire().top / "big/raw").readlink() == repo / "big/raw"


@pytest.mark.parametrize("link", ["../x", "/etc", "", ".git/hooks", ".sweeptree"])
def test_link_that_leads_outside_is_a_mistake(repo: Path, link: str) -> None:
    with pytest.raises(UsageError, match="cannot be linked"), make_pool(repo, links=[link]):
        pass


@pytest.mark.parametrize(("link", "why"), [("gone", "does not exist"), ("ecg", "is in the commit")])
def test_link_that_cannot_be_is_refused(repo: Path, link: str, why: str) -> None:
    with pytest.raises(Refused, match=why), make_pool(repo, links=[link]):
        pass


def test_included_files_are_copied_as_they_were_at_the_start(repo: Path) -> None:
    (repo / ".worktreeinclude").write_text("*.secret\n!no.secret\nconf/\n")
    for name in ("a.secret", "no.secret", "conf/l\nö.yaml", "other.txt"):
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text("old")
    with make_pool(repo) as pool:
        (repo / "a.secret").write_text("new")
        top = pool.acquire().top
        assert (top / "a.secret").read_text() == (top / "conf/l\nö.yaml").read_text() == "old"
        assert not (top / "no.secret").exists()
        assert not (top / "other.txt").exists()


def test_included_links_are_not_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("far away")
    (repo / "away.secret").symlink_to(tmp_path / "secret.txt")
    (repo / "folder.secret").symlink_to(tmp_path)
    (repo / ".worktreeinclude").write_text("*.secret\n")
    with make_pool(repo) as pool:
        worktree = pool.acquire()
        assert (worktree.top / "away.secret").is_symlink()
        assert (worktree.top / "folder.secret").is_symlink()
        pool.release(worktree, keep=False)
    assert (tmp_path / "secret.txt").read_text() == "far away"
