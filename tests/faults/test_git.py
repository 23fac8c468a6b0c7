"""Repositories in every state, and what happens in them beside a sweep: locks, gc, kills of git,
odd places."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from core.keeper_kit import until
from fault_kit import Sweeper, records, states, until_running
from helpers import git

from sweeptree.model import JobState

AWKWARD = [
    "with space",
    "ünïcode 心電図",
    "new\nline",
    "quote'\"",
    "-dash",
    "/".join(["deep"] * 200),
]


def fingerprint(repo: Path) -> str:
    """All that the user sees of the repository: files, index, HEAD, branches, status."""
    digest = hashlib.sha256()
    for path in sorted(
        p
        for p in repo.rglob("*")
        if p.is_file() and not {".git", ".sweeptree", "results"} & set(p.parts)
    ):
        digest.update(path.read_bytes())
    digest.update((repo / ".git/index").read_bytes() if (repo / ".git/index").exists() else b"")
    for words in (("status", "--porcelain"), ("for-each-ref", "refs/heads"), ("stash", "list")):
        digest.update(git(*words, cwd=repo).encode())
    return digest.hexdigest() + git("rev-parse", "HEAD", cwd=repo, check=False)


def entries(repo: Path) -> int:
    """How many worktrees git knows beside the main one."""
    return git("worktree", "list", cwd=repo).count("\n")


def test_row_11_a_job_whose_worktree_is_deleted_fails_and_the_next_one_runs(
    sweeper: Sweeper,
) -> None:
    hold = "echo up; while [ -e train.py ]; do sleep 0.02; done"
    spec = sweeper.spec([hold, "cat train.py"], parallel=1)
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until_running(paths, 0)
    until(lambda: "up" in paths.log(0).read_text())
    shutil.rmtree(Path(str(records(paths)[0].worktree)))
    report = driver.wait()
    assert report is not None and report["message"] == "1 failed, 1 succeeded"
    assert "worktree" in str(records(paths)[0].reason)
    assert entries(sweeper.repo) == 0


def test_row_11_a_job_whose_worktree_is_replaced_fails(sweeper: Sweeper, tmp_path: Path) -> None:
    replace = (
        f"cd .. && mv slot_0 {tmp_path}/aside && git init -q slot_0 && echo other > slot_0/mine.txt"
    )
    spec = sweeper.spec([replace])
    assert sweeper.run(spec)["message"] == "1 failed"
    assert [p.read_text() for p in (sweeper.repo / ".sweeptree").rglob("mine.txt")] == ["other\n"]


@pytest.mark.parametrize(
    "lock", ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock"]
)
def test_row_12_a_stale_lock_of_git_stops_no_sweep_and_is_not_deleted(
    sweeper: Sweeper, lock: str
) -> None:
    (sweeper.repo / ".git" / lock).touch()
    assert sweeper.run(sweeper.spec(["true"]))["message"] == "1 succeeded"
    assert (sweeper.repo / ".git" / lock).exists()


def test_row_12_a_lock_that_stops_git_is_waited_for_and_named(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["echo more >> train.py"], commit_and_pr=True)
    sweeper.run(spec)
    branch = str(records(sweeper.paths(spec))[0].git_branch)
    git("branch", "-D", branch, cwd=sweeper.repo)
    lock = sweeper.repo / f".git/refs/heads/{branch}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    shutil.rmtree(sweeper.paths(spec).root)
    report = sweeper.run(spec)
    assert report["name"] == "DeliveryFailed", report
    assert lock.name in str(records(sweeper.paths(spec))[0].delivery)


@pytest.mark.parametrize("call", ["unlink,unlinkat", "rename", "mkdir"])
def test_row_13_a_git_that_was_killed_while_it_added_a_worktree(
    sweeper: Sweeper, call: str
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    spec = sweeper.spec(["true", "cat train.py"])
    place = sweeper.repo / ".sweeptree/wt" / spec["exp_name"] / "slot_0"
    place.parent.mkdir(parents=True)
    inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when=2+"]
    subprocess.run(
        [*inject, "git", "worktree", "add", "-q", "--detach", place],
        cwd=sweeper.repo,
        capture_output=True,
    )
    assert sweeper.run(spec)["message"] == "2 succeeded"
    git("fsck", cwd=sweeper.repo)
    assert entries(sweeper.repo) == 0


def test_row_15_a_branch_of_the_user_is_never_moved(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["echo more >> train.py"], commit_and_pr=True)
    sweeper.run(spec)
    branch = str(records(sweeper.paths(spec))[0].git_branch)
    shutil.rmtree(sweeper.paths(spec).root)
    git("branch", "-f", branch, "main", cwd=sweeper.repo)
    sweeper.run(spec)
    again = records(sweeper.paths(spec))[0].git_branch
    assert again != branch and str(again).startswith(branch)
    assert git("rev-parse", branch, cwd=sweeper.repo) == git("rev-parse", "main", cwd=sweeper.repo)


def detached(repo: Path) -> None:
    git("checkout", "-q", "--detach", cwd=repo)


def staged(repo: Path) -> None:
    (repo / "train.py").write_text("print('staged')\n")
    git("add", "train.py", cwd=repo)
    (repo / "train.py").write_text("print('changed')\n")


def merging(repo: Path) -> None:
    (repo / ".git/MERGE_HEAD").write_text(git("rev-parse", "HEAD", cwd=repo) + "\n")


@pytest.mark.parametrize("state", [detached, staged, merging])
def test_row_16_the_users_tree_is_the_same_byte_for_byte_afterwards(
    sweeper: Sweeper, state: Callable[[Path], None]
) -> None:
    state(sweeper.repo)
    before = fingerprint(sweeper.repo)
    report = sweeper.run(
        sweeper.spec(["cat train.py", "echo x >> train.py; exit 1"], dirty="ignore")
    )
    assert (report["message"], fingerprint(sweeper.repo)) == ("1 failed, 1 succeeded", before)


def test_row_16_a_dirty_tree_is_refused_or_carried(sweeper: Sweeper) -> None:
    staged(sweeper.repo)
    before = fingerprint(sweeper.repo)
    assert sweeper.run(sweeper.spec(["true"]))["name"] == "Refused"
    spec = sweeper.spec(["grep changed train.py"], dirty="snapshot")
    assert sweeper.run(spec)["message"] == "1 succeeded"
    assert fingerprint(sweeper.repo) == before


def test_row_16_a_repository_without_a_commit_is_refused(sweeper: Sweeper, tmp_path: Path) -> None:
    git("init", "-q", tmp_path / "unborn", cwd=tmp_path)
    report = sweeper.run(sweeper.spec(["true"], repo=str(tmp_path / "unborn")))
    assert (report["name"], "commit" in report["message"]) == ("Refused", True)


@pytest.mark.parametrize("name", AWKWARD, ids=range(len(AWKWARD)))
def test_row_18_repositories_in_awkward_places(sweeper: Sweeper, name: str) -> None:
    place = sweeper.repo.parent / name
    place.parent.mkdir(parents=True, exist_ok=True)
    sweeper.repo = sweeper.repo.rename(place)
    spec = sweeper.spec(["cat train.py && echo x > made.txt", "exit 1"])
    assert sweeper.run(spec)["message"] == "1 failed, 1 succeeded"
    assert records(sweeper.paths(spec))[0].artifacts == ("made.txt",)


def test_time_is_no_stranger(sweeper: Sweeper) -> None:
    """Files of the far future and past in the checkout are no reason for anything."""
    for path, then in (
        (sweeper.repo / "train.py", time.time() + 1e8),
        (sweeper.repo / ".gitignore", 0),
    ):
        os.utime(path, (then, then))
    assert states(sweeper.paths(spec := sweeper.spec(["true"]))) == []
    assert sweeper.run(spec)["message"] == "1 succeeded"


@pytest.mark.parametrize(
    "moment",
    [
        "after git has made a worktree",
        "after a new worktree is made durable",
        "after a new worktree is remembered",
    ],
)
def test_row_13_a_worktree_whose_making_was_cut_short_goes_with_the_next_sweep(
    sweeper: Sweeper, moment: str
) -> None:
    spec = sweeper.spec(["true"])
    driver = sweeper.start(spec, die=[(moment, 1)])
    assert driver.wait() is None
    assert sweeper.resume(spec)["message"] == "1 succeeded"
    assert entries(sweeper.repo) == 0
    assert not (sweeper.repo / ".sweeptree").exists()


def test_git_clean_and_add_leave_the_results_of_a_sweep_alone(sweeper: Sweeper) -> None:
    (sweeper.repo / ".gitignore").write_text("")
    git("commit", "-qam", "ignore nothing", cwd=sweeper.repo)
    spec = sweeper.spec(["echo made > made.txt"], use_worktree=False)
    assert sweeper.run(spec)["message"] == "1 succeeded"
    git("clean", "-fdq", cwd=sweeper.repo)
    git("add", "-A", cwd=sweeper.repo)
    assert states(sweeper.paths(spec)) == [JobState.SUCCEEDED]
    assert git("status", "--porcelain", cwd=sweeper.repo) == ""


def test_an_ignored_checkpoint_outlives_a_reboot_and_resume(sweeper: Sweeper) -> None:
    (sweeper.repo / ".gitignore").write_text("results/\noutputs/\n")
    git("commit", "-qam", "ignore outputs", cwd=sweeper.repo)
    train = (
        "test $SWEEPTREE_ATTEMPT = 2 || { mkdir outputs; echo w > outputs/best.ckpt; sleep 600; }"
    )
    spec = sweeper.spec([train])
    driver, place = sweeper.start(spec, machine=True), sweeper.repo / ".sweeptree/wt"
    until(lambda: [*place.rglob("best.ckpt")] != [])
    driver.kill()
    until(lambda: sweeper.pids(spec) == set())
    assert sweeper.resume(spec)["message"] == "1 succeeded"
    assert [path.read_text() for path in place.rglob("best.ckpt")] == ["w\n"]
