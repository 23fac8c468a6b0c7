"""Which worktrees are ours, and how they are found."""

import shutil
from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make
from core.worktree_kit import make_pool
from sweeptree.errors import Refused, UsageError
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.places import Kind, all_places, check_name, find_ours


@pytest.fixture
def foreign(repo: Path, tmp_path: Path) -> Path:
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    return tmp_path / "theirs"


def test_only_what_sweeptree_made_is_ours(repo: Path, foreign: Path) -> None:
    make(repo)
    kinds = {place.top.name: place.kind for place in all_places(find_repository(repo))}
    assert kinds == {"repo": Kind.MAIN, "theirs": Kind.FOREIGN, "plots": Kind.NAMED}


def test_a_foreign_worktree_in_our_own_folder_is_not_ours(repo: Path) -> None:
    top = make(repo).with_name("theirs")
    git("worktree", "add", "-q", "--detach", top, cwd=repo)
    with pytest.raises(Refused, match="was not made by sweeptree"):
        find_ours(find_repository(repo), str(top))


def test_a_worktree_that_somebody_put_in_the_place_of_ours_is_not_ours(repo: Path) -> None:
    top = make(repo)
    shutil.rmtree(top)
    top.mkdir()
    (top / "theirs").write_text("x")
    with pytest.raises(Refused, match="was not made by sweeptree"):
        find_ours(find_repository(repo), str(top))


def test_a_kept_job_is_found_by_its_sweep(repo: Path) -> None:
    with make_pool(repo) as pool:
        place = pool.release(pool.acquire(3), keep=True, index=3)
    assert find_ours(find_repository(repo), "exp/job_3").top == place


def test_a_worktree_is_found_by_its_path(repo: Path) -> None:
    top = make(repo)
    assert find_ours(find_repository(repo), str(top)).name == "plots"


def test_the_repository_itself_is_refused(repo: Path) -> None:
    with pytest.raises(Refused, match="is the repository itself"):
        find_ours(find_repository(repo), str(repo))


def test_an_unknown_name_is_a_usage_error(repo: Path) -> None:
    with pytest.raises(UsageError, match="there is no worktree 'nothing'"):
        find_ours(find_repository(repo), "nothing")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", ".hidden", "x.json", "a..b", "x.lock"])
def test_names_that_cannot_be_a_folder_and_a_ref_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a worktree"):
        check_name(name)
