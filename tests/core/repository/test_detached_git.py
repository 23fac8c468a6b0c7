"""A stranger in a worktree reaches nothing of the user's repository."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.repository import find_repository
from sweeptree.repository.detached_git import detached_git


@pytest.fixture
def place(repo: Path, tmp_path: Path) -> Path:
    top = tmp_path / "place"
    git("worktree", "add", "-q", "--detach", top, cwd=repo)
    return top


def test_history_can_be_read_and_commits_stay_inside(
    repo: Path, place: Path, tmp_path: Path
) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    with detached_git(find_repository(repo), place, head, tmp_path / "git"):
        assert git("log", "--format=%H", cwd=place) == head
        assert git("status", "--porcelain", cwd=place) == ""
        (place / "train.py").write_text("x\n")
        git("commit", "-qam", "mine", cwd=place)
        git("branch", "mine", cwd=place)
    assert git("rev-parse", "HEAD", cwd=place) == head
    assert git("status", "--porcelain", cwd=place) == " M train.py"
    assert git("for-each-ref", "--format=%(refname)", cwd=repo) == "refs/heads/main"


@pytest.mark.parametrize("kind", ["gone", "folder", "link"])
def test_the_worktree_finds_home_whatever_was_done(
    repo: Path, place: Path, tmp_path: Path, kind: str
) -> None:
    head = git("rev-parse", "HEAD", cwd=repo)
    with detached_git(find_repository(repo), place, head, tmp_path / "git"):
        (place / ".git").unlink()
        if kind == "folder":
            (place / ".git" / "hooks").mkdir(parents=True)
        elif kind == "link":
            (place / ".git").symlink_to(tmp_path / "elsewhere")
    assert git("status", "--porcelain", cwd=place) == ""
    assert not (tmp_path / "elsewhere").exists()
