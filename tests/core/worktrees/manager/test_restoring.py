"""Bringing a saved worktree back."""

from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import WORK, looks, make, modified, staged
from sweeptree.errors import Refused
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import all_salvages, create, remove, restore
from sweeptree.worktrees.manager.making import Order


def removed(repo: Path, kind: str) -> Path:
    top = make(repo)
    WORK[kind](top)
    remove(find_repository(repo), "plots")
    return top


def test_nothing_is_left_of_what_was_saved(repo: Path) -> None:
    top = removed(repo, "staged")
    back = restore(find_repository(repo), "plots")
    assert (back.path, back.branch) == (str(top), "sweeptree/worktree/plots")
    assert all_salvages(find_repository(repo)) == []
    assert git("for-each-ref", "refs/sweeptree/salvage", cwd=repo) == ""


def test_where_something_stands_in_its_place_it_is_refused(repo: Path) -> None:
    top = removed(repo, "modified")
    make(repo, branch="other")
    with pytest.raises(Refused, match="is there already"):
        restore(find_repository(repo), "plots")
    assert top.is_dir() and all_salvages(find_repository(repo))


def test_a_branch_that_has_moved_leaves_it_detached_with_the_same_files(repo: Path) -> None:
    top = make(repo)
    staged(top)
    before = looks(top)
    remove(find_repository(repo), "plots")
    git("commit", "-q", "--allow-empty", "-m", "later", cwd=repo)
    git("branch", "-f", "sweeptree/worktree/plots", "main", cwd=repo)
    (note,) = restore(find_repository(repo), "plots").notes
    assert "has moved or is gone: HEAD is detached" in note
    assert looks(top)["diff --cached"] == before["diff --cached"]


def test_a_branch_that_is_checked_out_elsewhere_stays_there(repo: Path) -> None:
    removed(repo, "modified")
    git("checkout", "-q", "sweeptree/worktree/plots", cwd=repo)
    (note,) = restore(find_repository(repo), "plots").notes
    assert f"is checked out at {repo}" in note


def test_git_s_entry_gets_a_free_name(repo: Path, tmp_path: Path) -> None:
    top = make(repo)
    WORK["submodule"](top)
    before = looks(top)
    remove(find_repository(repo), "plots")
    git("worktree", "add", "-q", "--detach", tmp_path / "plots", cwd=repo)
    restore(find_repository(repo), "plots")
    assert looks(top) == before
    assert git("log", "-1", "--format=%s", cwd=top / "libs/lib") == "submodule-subject"


def test_what_is_linked_and_copied_is_put_there_again(repo: Path, tmp_path: Path) -> None:
    (repo / "data").mkdir()
    (repo / "a.secret").write_text("s")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    order = Order("plots", ports=False)
    create(find_repository(repo), order, environment={}, ports_folder=tmp_path)
    top = repo / ".sweeptree/wt/_named/plots"
    modified(top)
    remove(find_repository(repo), "plots")
    restore(find_repository(repo), "plots")
    assert (top / "data").is_symlink() and (top / "a.secret").read_text() == "s"
