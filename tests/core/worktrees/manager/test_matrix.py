"""Work of every kind, removed, cleaned up and brought back: no byte of it is ever lost."""

from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import WORK, large, looks, make, unreachable
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import CleanOrder, Fate, clean, mend, remove, restore

pytestmark = pytest.mark.slow
each_work = pytest.mark.parametrize("kind", WORK)


@each_work
def test_what_is_removed_can_be_reached(repo: Path, kind: str) -> None:
    top = make(repo)
    markers = WORK[kind](top)
    assert unreachable(repo, markers) == []
    remove(find_repository(repo), "plots")
    assert not top.exists()
    assert unreachable(repo, markers) == []


@each_work
def test_what_is_removed_comes_back_as_it_was(repo: Path, kind: str) -> None:
    top = make(repo)
    WORK[kind](top)
    before = looks(top)
    removal = remove(find_repository(repo), "plots")
    if removal.salvage is None:
        assert kind in ("unpushed", "stash")
        return
    restore(find_repository(repo), "plots")
    assert looks(top) == before


@each_work
def test_a_clean_up_keeps_what_holds_work(repo: Path, kind: str) -> None:
    top = make(repo)
    markers = WORK[kind](top)
    (found,) = clean(find_repository(repo), CleanOrder(), dry_run=False)
    assert (found.fate is Fate.KEPT, top.exists()) == (kind != "stash",) * 2
    assert unreachable(repo, markers) == []


@each_work
def test_a_clean_up_that_saves_loses_nothing(repo: Path, kind: str) -> None:
    markers = WORK[kind](make(repo))
    (found,) = clean(find_repository(repo), CleanOrder(salvage=True), dry_run=False)
    assert found.fate is not Fate.KEPT
    assert unreachable(repo, markers) == []


@each_work
def test_repair_leaves_work_alone(repo: Path, kind: str) -> None:
    top = make(repo)
    markers = WORK[kind](top)
    before = looks(top)
    mend(find_repository(repo))
    assert looks(top) == before
    assert unreachable(repo, markers) == []


@pytest.mark.parametrize("kind", ["staged", "detached", "conflict", "unpushed", "stash"])
@pytest.mark.parametrize("action", ["remove", "clean", "repair"])
def test_of_a_folder_deleted_by_hand_git_loses_nothing(repo: Path, kind: str, action: str) -> None:
    top = make(repo)
    markers = [
        marker for marker in WORK[kind](top) if marker not in ("on-top-of-staged", "after-it")
    ]
    git("-C", str(repo), "clean", "-fdxq", str(top), cwd=repo)
    _delete(top)
    found = find_repository(repo)
    actions = {
        "remove": lambda: remove(found, "plots"),
        "clean": lambda: clean(found, CleanOrder(salvage=True), dry_run=False),
        "repair": lambda: mend(found),
    }
    actions[action]()
    assert unreachable(repo, markers) == []


def _delete(top: Path) -> None:
    import shutil

    shutil.rmtree(top)


def test_a_file_of_600_mb_is_moved_and_comes_back(repo: Path) -> None:
    top = make(repo)
    markers = large(top)
    remove(find_repository(repo), "plots")
    (kept,) = (repo / "results").rglob("large.bin")
    assert kept.stat().st_blocks < 1000
    assert unreachable(repo, markers) == []
    restore(find_repository(repo), "plots")
    assert (top / "large.bin").stat().st_size == 600 * 1024 * 1024
