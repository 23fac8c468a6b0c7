"""Where what was saved is kept."""

import os
from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make, modified
from sweeptree.errors import UsageError
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.removal import remove
from sweeptree.worktrees.manager.salvage import (
    all_salvages,
    find_salvage,
    forget_salvage,
    free_name,
    shift,
    store_of,
)


@pytest.fixture
def removed(repo: Path) -> Path:
    for _ in range(2):
        modified(make(repo))
        remove(find_repository(repo), "plots")
    return repo


def test_each_removal_has_a_name_of_its_own(removed: Path) -> None:
    found = find_repository(removed)
    assert [each.name for each in all_salvages(found)] == ["plots", "plots-2"]
    assert free_name(found, "plots") == "plots-3"
    assert find_salvage(found, "plots").name == "plots"
    assert find_salvage(found, all_salvages(found)[0].top).name == "plots-2"


def test_a_name_that_a_ref_has_is_taken(repo: Path) -> None:
    git("update-ref", "refs/sweeptree/salvage/exp/base", "HEAD", cwd=repo)
    assert free_name(find_repository(repo), "exp") == "exp-2"


def test_what_was_saved_is_hidden_from_git(removed: Path) -> None:
    (removed / ".gitignore").write_text("")
    assert "results" not in git("status", "--porcelain", cwd=removed)


def test_what_is_forgotten_is_gone(removed: Path) -> None:
    found = find_repository(removed)
    first, second = all_salvages(found)
    forget_salvage(found, first)
    assert all_salvages(found) == [second]
    assert not store_of(found, first).exists()
    assert git("for-each-ref", "--format=%(refname)", "refs/sweeptree/salvage", cwd=removed) == (
        second.ref
    )


def test_an_unknown_name_is_a_usage_error_that_says_what_there_is(removed: Path) -> None:
    with pytest.raises(UsageError, match="nothing was saved") as caught:
        find_salvage(find_repository(removed), "other")
    assert caught.value.hint == ("there is: plots, plots-2",)


def test_folders_are_joined_and_nothing_is_overwritten(tmp_path: Path) -> None:
    for folder, text in (("a", "from"), ("b", "to")):
        (tmp_path / folder / "x").mkdir(parents=True)
        (tmp_path / folder / "x/same").write_text(text)
        (tmp_path / folder / f"x/{folder}").write_text(text)
    shift(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b/x/same").read_text() == "to"
    assert (tmp_path / "b/x/a").read_text() == "from"
    assert (tmp_path / "a/x/same").read_text() == "from"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no second disk")
def test_a_move_to_another_disk_keeps_files_and_links(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = Path("/dev/shm") / f"sweeptree-{os.getpid()}"
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("x")
    (tmp_path / "a/link").symlink_to("nowhere")
    shift(tmp_path / "a", target)
    try:
        assert (target / "file").read_text() == "x" and (target / "link").is_symlink()
        assert not (tmp_path / "a").exists()
        shift(target, tmp_path / "a")
        assert (tmp_path / "a/file").read_text() == "x"
    finally:
        shift(target, tmp_path / "left")
