"""A `git gc --prune=now` that somebody runs beside a sweep. See docs/reliability.md, row 14."""

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from fault_kit import Sweeper, records
from helpers import git


def test_row_14_no_object_of_a_job_is_lost_to_gc(sweeper: Sweeper, tmp_path: Path) -> None:
    """`--prune=now` also takes what a job's own git has written but not named when gc began: that
    is git's own race.

    So each job looks, when the gc that ran meanwhile has ended, whether its commit is whole; else
    it fails and is tried again. From then on its commit is named by its worktree, and later by us.
    """
    who, rounds = "-c user.name=x -c user.email=x@example.invalid", tmp_path / "rounds"
    commit = f"echo $SWEEPTREE_JOB > new.txt && git add . && git {who} commit -q -m work"
    outlast = (
        f"{{ n=$(cat {rounds}); until [ $(cat {rounds}) -gt $((n + 1)) ]; do sleep 0.02; done; }}"
    )
    over = threading.Event()
    rounds.write_text("0")

    def collect() -> None:
        count = 0
        while not over.is_set():
            git("reflog", "expire", "--expire=now", "--all", cwd=sweeper.repo, check=False)
            git("gc", "-q", "--prune=now", cwd=sweeper.repo, check=False)
            count += 1
            (tmp_path / "next").write_text(str(count))
            (tmp_path / "next").replace(rounds)

    beside = threading.Thread(target=collect)
    beside.start()
    spec = sweeper.spec(
        [f"{commit} && {outlast} && git archive HEAD > archive.tar && git rev-parse HEAD"] * 6,
        retries=20,
    )
    try:
        assert sweeper.run(spec)["message"] == "6 succeeded"
    finally:
        over.set()
        beside.join()
    forget_attempts_that_git_broke(sweeper.repo)
    git("gc", "-q", "--prune=now", cwd=sweeper.repo)
    for job in range(6):
        made = sweeper.paths(spec).log(job).read_text().split()[-1]
        assert git("show", f"{made}:new.txt", cwd=sweeper.repo) == str(job)


@contextlib.contextmanager
def collecting(repo: Path) -> Iterator[None]:
    """Somebody's `git gc` that keeps nothing, again and again."""
    over = threading.Event()

    def collect() -> None:
        while not over.is_set():
            git("reflog", "expire", "--expire=now", "--all", cwd=repo, check=False)
            git("gc", "-q", "--prune=now", cwd=repo, check=False)

    beside = threading.Thread(target=collect)
    beside.start()
    try:
        yield
    finally:
        over.set()
        beside.join()


def test_row_14_each_branch_of_a_sweep_is_whole_beside_gc(sweeper: Sweeper) -> None:
    jobs = 40 if os.environ.get("SWEEPTREE_TEST_FIGURES") == "full" else 6
    commands = [f"echo {n} >> train.py; echo {n} > ecg/new{n}.py" for n in range(jobs)]
    spec = sweeper.spec(
        commands, commit_and_pr=True, max_prs=jobs, parallel=4, pr_artifacts=["ecg/*"]
    )
    with collecting(sweeper.repo):
        assert sweeper.run(spec)["message"] == f"{jobs} succeeded"
    found = records(sweeper.paths(spec))
    for index, record in found.items():
        git("rev-list", "--objects", "--quiet", record.git_branch, cwd=sweeper.repo)
        content = git("show", f"{record.git_branch}:train.py", cwd=sweeper.repo)
        assert content.endswith(f"\n{index}")
    assert len({record.git_branch for record in found.values()}) == jobs
    git("fsck", "--connectivity-only", cwd=sweeper.repo)


def forget_attempts_that_git_broke(repo: Path) -> None:
    """The kept worktree of a failed attempt may have lost its commit to that race; every later gc
    would stop at it."""
    for head in repo.glob(".git/worktrees/*/HEAD"):
        seen = subprocess.run(
            ["git", "cat-file", "-e", head.read_text().strip()], cwd=repo, capture_output=True
        )
        if seen.returncode:
            shutil.rmtree(head.parent)
