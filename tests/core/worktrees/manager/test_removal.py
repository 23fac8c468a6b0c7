"""Removing a worktree: what stands in the way, and what becomes of it."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers import git

from core.keeper_kit import until
from core.manager_kit import looks, make, modified
from core.worktree_kit import make_pool, registered, sh
from sweeptree.errors import Refused, UsageError
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import Fate, remove, restore


def test_one_that_holds_nothing_is_gone_with_all_that_we_knew_of_it(repo: Path) -> None:
    top = make(repo)
    removal = remove(find_repository(repo), "plots")
    assert (removal.fate, removal.salvage, top.exists()) == (Fate.REMOVED, None, False)
    assert registered(repo) == [str(repo)]
    assert sorted(path.name for path in top.parent.glob("**/plots*")) == ["plots"]  # its lock
    assert git("rev-parse", "sweeptree/worktree/plots", cwd=repo)


def test_a_dry_run_changes_nothing(repo: Path) -> None:
    top = make(repo)
    modified(top)
    before = (looks(top), sorted(repo.rglob("*")))
    removal = remove(find_repository(repo), "plots", dry_run=True)
    assert (removal.fate, removal.what) == (Fate.SAVED, "1 changed file")
    assert (looks(top), sorted(repo.rglob("*"))) == before


def test_a_process_that_works_in_it_keeps_it(repo: Path) -> None:
    top = make(repo)
    with subprocess.Popen(["sleep", "60"], cwd=top) as process:
        until(lambda: os.readlink(f"/proc/{process.pid}/cwd") == str(top))
        with pytest.raises(Refused, match=rf"process {process.pid} .* works in it"):
            remove(find_repository(repo), "plots")
        process.kill()
    assert top.is_dir()


def test_an_open_file_keeps_it(repo: Path) -> None:
    top = make(repo)
    with (top / "log").open("w"), pytest.raises(Refused, match="works in it"):
        remove(find_repository(repo), "plots")


def test_a_lease_of_somebody_else_keeps_it(repo: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        make(repo, lease_pid=process.pid)
        with pytest.raises(Refused, match=rf"process {process.pid} \(lease\) has it"):
            remove(find_repository(repo), "plots")
        process.kill()
    assert remove(find_repository(repo), "plots").fate is Fate.REMOVED


def test_whoever_holds_the_lease_may_remove_it(repo: Path) -> None:
    make(repo, lease_pid=os.getpid())
    assert remove(find_repository(repo), "plots").fate is Fate.REMOVED


def test_a_locked_one_stays_and_the_reason_is_told(repo: Path) -> None:
    top = make(repo)
    git("worktree", "lock", "--reason", "on a USB stick", top, cwd=repo)
    with pytest.raises(Refused, match=r"it is locked \(on a USB stick\)"):
        remove(find_repository(repo), "plots")
    assert top.is_dir()


def test_a_foreign_one_is_never_touched(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    with pytest.raises(Refused, match="was not made by sweeptree"):
        remove(find_repository(repo), str(tmp_path / "theirs"))
    assert (tmp_path / "theirs/train.py").is_file()


def test_a_job_that_was_kept_goes_and_comes_back(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, "echo changed > train.py; mkdir results; echo w > results/model.pt")
        place = pool.release(worktree, keep=True, index=3)
    removal = remove(find_repository(repo), "exp/job_3")
    assert (removal.salvage, place and place.exists()) == ("exp--job_3", False)
    restore(find_repository(repo), "exp/job_3")
    assert place is not None
    assert (place / "results/model.pt").read_text() == "w\n"
    assert place.with_name("job_3.json").is_file() and place.with_name("job_3.index").is_file()


def test_a_job_of_a_sweep_that_runs_stays(repo: Path) -> None:
    with make_pool(repo) as pool:
        pool.release(pool.acquire(3), keep=True, index=3)
        with pytest.raises(Refused, match="another process uses the worktrees of the sweep exp"):
            remove(find_repository(repo), "exp/job_3")


def test_an_unknown_one_is_a_usage_error(repo: Path) -> None:
    with pytest.raises(UsageError, match="there is no worktree"):
        remove(find_repository(repo), "nothing")


def test_when_saving_fails_the_worktree_is_back_as_it_was(repo: Path) -> None:
    top = make(repo)
    modified(top)
    before = looks(top)
    (repo / "results").write_text("in the way of the store")
    with pytest.raises(OSError):
        remove(find_repository(repo), "plots")
    assert looks(top) == before
