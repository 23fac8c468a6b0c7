"""The commit that holds what would be lost."""

from pathlib import Path

from helpers import git

from core.manager_kit import conflict, make, staged, untracked
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.losses import find_losses
from sweeptree.worktrees.manager.places import find_ours
from sweeptree.worktrees.manager.removal import from_main
from sweeptree.worktrees.manager.salvage import Salvage, Stage
from sweeptree.worktrees.manager.saving import save


def saved(repo: Path) -> Salvage:
    found = from_main(find_repository(repo))
    place = find_ours(found, "plots")
    return save(found, place, find_losses(found, place))


def test_its_tree_is_the_files_and_its_second_parent_the_index(repo: Path) -> None:
    staged(make(repo))
    salvage = saved(repo)
    assert salvage.stage is Stage.KEPT
    assert git("show", f"{salvage.ref}:train.py", cwd=repo) == "on-top-of-staged"
    assert git("show", f"{salvage.ref}^2:train.py", cwd=repo) == "staged-bytes"
    assert git("rev-parse", f"{salvage.ref}^1", cwd=repo) == salvage.head


def test_index_head_and_files_stay_as_they_are(repo: Path) -> None:
    top = make(repo)
    untracked(staged(top) and top)
    words = ("status", "--porcelain=v2", "--branch")
    index = Path(git("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=top))
    before = (git(*words, cwd=top), index.read_bytes())
    saved(repo)
    assert (git(*words, cwd=top), index.read_bytes()) == before


def test_the_index_of_a_merge_in_conflict_is_saved_as_a_list(repo: Path) -> None:
    conflict(make(repo))
    names = git("ls-tree", "--name-only", f"{saved(repo).ref}^2", cwd=repo).split()
    assert "staged-in-a-merge" in {git("cat-file", "blob", name, cwd=repo) for name in names}
