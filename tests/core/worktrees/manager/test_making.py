"""Making a worktree: its branch, files, ports, lease; nothing is left of one that fails."""

import os
from pathlib import Path

import pytest
from helpers import git

from core.manager_kit import make, make_all
from core.worktree_kit import registered
from sweeptree.errors import Refused, UsageError
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.lease import read_lease


def test_it_stands_on_a_branch_of_its_own_at_the_commit(repo: Path) -> None:
    made = make_all(repo)
    assert made.branch == "sweeptree/worktree/plots"
    assert git("rev-parse", "HEAD", cwd=Path(made.path)) == made.commit
    assert git("status", "--porcelain", cwd=Path(made.path)) == ""


def test_it_can_be_detached_at_an_older_commit(repo: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=repo)
    made = make_all(repo, ref="HEAD^", branch="")
    assert (made.branch, made.commit) == (None, git("rev-parse", "HEAD^", cwd=repo))


def test_it_has_ten_ports_and_a_lease(repo: Path) -> None:
    made = make_all(repo, ports=True, lease_pid=os.getpid())
    assert made.port is not None and made.port % 10 == 0
    lease = read_lease(find_repository(repo), "plots")
    assert lease is not None and lease.pid == os.getpid()


def test_a_branch_of_that_name_with_nothing_on_it_is_taken_along(repo: Path) -> None:
    git("branch", "sweeptree/worktree/plots", cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=repo)
    assert make_all(repo).commit == git("rev-parse", "sweeptree/worktree/plots", cwd=repo)


def test_a_branch_with_work_on_it_is_left_alone(repo: Path) -> None:
    git("checkout", "-qb", "sweeptree/worktree/plots", cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "work", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    with pytest.raises(Refused, match="exists with commits that HEAD lacks"):
        make(repo)
    assert make(repo, ref="sweeptree/worktree/plots").is_dir()


def test_a_branch_that_is_checked_out_elsewhere_is_refused(repo: Path) -> None:
    with pytest.raises(Refused, match=f"main is checked out at {repo}"):
        make(repo, branch="main")
    assert registered(repo) == [str(repo)]


def test_a_name_that_is_taken_is_refused(repo: Path) -> None:
    make(repo)
    with pytest.raises(Refused, match="there is a worktree plots already"):
        make(repo, branch="other")


@pytest.mark.parametrize("options", [{"ref": "nothing"}, {"branch": "a..b"}])
def test_what_is_wrong_is_said_before_anything_is_made(repo: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        make(repo, **options)
    assert not (repo / ".sweeptree").exists()


def test_of_one_whose_set_up_fails_nothing_is_left(repo: Path) -> None:
    with pytest.raises(Refused, match="the set-up command ended with 3") as caught:
        make(repo, setup="echo because; exit 3")
    assert caught.value.hint == ("because",)
    assert registered(repo) == [str(repo)]
    assert make(repo).is_dir()
