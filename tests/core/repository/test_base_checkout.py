"""What stands in the way of a branch that somebody has checked out."""

from pathlib import Path

import pytest
from helpers import git

from core.publish.kit import commit
from sweeptree.errors import Refused
from sweeptree.repository import find_repository
from sweeptree.repository.base_checkout import check_free


@pytest.fixture
def tree(repo: Path, tmp_path: Path) -> str:
    """A commit that adds new/data and changes train.py; main is where it was."""
    top = tmp_path / "feature"
    git("worktree", "add", "-q", "-b", "feature", top, cwd=repo)
    (top / "train.py").write_text("tuned\n")
    git("add", "train.py", cwd=top)
    return commit(top, "new/data", "1\n")


def check(repo: Path, tree: str) -> None:
    check_free(find_repository(repo), "main", "main", tree)


def test_a_clean_checkout_is_free(repo: Path, tree: str) -> None:
    (repo / "notes").write_text("mine\n")
    check(repo, tree)


def test_changes_are_in_the_way(repo: Path, tree: str) -> None:
    (repo / ".gitignore").write_text("\n")
    with pytest.raises(Refused, match="is on main and has changes"):
        check(repo, tree)


@pytest.mark.parametrize("ignored", [True, False])
def test_a_file_of_one_s_own_is_in_the_way(repo: Path, tree: str, ignored: bool) -> None:
    (repo / ".git" / "info" / "exclude").write_text("new/\n" if ignored else "")
    (repo / "new").mkdir()
    (repo / "new" / "data").write_text("mine\n")
    with pytest.raises(Refused, match="a file of its own at new/data"):
        check(repo, tree)


def test_a_file_where_a_folder_is_needed_is_in_the_way(repo: Path, tree: str) -> None:
    (repo / "new").write_text("mine\n")
    with pytest.raises(Refused, match="at new/data"):
        check(repo, tree)


def test_a_base_that_nobody_is_on_is_free(repo: Path, tree: str) -> None:
    git("checkout", "-q", "--detach", cwd=repo)
    (repo / "train.py").write_text("in the middle\n")
    check(repo, tree)
