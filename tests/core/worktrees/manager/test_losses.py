"""What would be lost with a worktree."""

from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import WORK, make
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.losses import Losses, find_losses
from sweeptree.worktrees.manager.places import find_ours
from sweeptree.worktrees.manager.removal import from_main

WORDS = {
    "modified": "1 changed file",
    "untracked": "3 new files",
    "ignored": "2 ignored files",
    "detached": "2 commits on no branch",
    "stash": "",
    "unpushed": "",
    "hidden": "2 changed files",
}


def losses(repo: Path) -> Losses:
    found = from_main(find_repository(repo))
    return find_losses(found, find_ours(found, "plots"))


@pytest.mark.parametrize("kind", WORDS)
def test_each_kind_of_work_is_named(repo: Path, kind: str) -> None:
    WORK[kind](make(repo))
    assert losses(repo).text == WORDS[kind]


def test_caches_and_what_sweeptree_put_there_are_no_losses(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "a.secret").write_text("s")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    top = make(repo)
    (top / "ecg/__pycache__").mkdir()
    (top / "ecg/__pycache__/model.pyc").write_text("x")
    assert not losses(repo)


def test_a_copied_file_that_was_changed_is_a_loss(repo: Path) -> None:
    (repo / "a.secret").write_text("s")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (make(repo) / "a.secret").write_text("t")
    assert losses(repo).ignored == ("a.secret",)


def test_what_is_staged_and_taken_back_on_disk_is_a_loss(repo: Path) -> None:
    top = make(repo)
    before = (top / "train.py").read_bytes()
    WORK["staged"](top)
    (top / "train.py").write_bytes(before)
    assert losses(repo).is_staged


def test_a_merge_in_the_middle_is_named(repo: Path) -> None:
    WORK["conflict"](make(repo))
    assert "an unfinished git command (MERGE_HEAD)" in losses(repo).text


def test_looking_changes_nothing(repo: Path) -> None:
    top = make(repo)
    WORK["staged"](top)
    index = Path(git("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=top))
    before = index.read_bytes()
    losses(repo)
    assert index.read_bytes() == before
