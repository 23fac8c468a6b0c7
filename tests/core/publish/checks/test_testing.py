"""A commit is tested in a worktree of its own, without secrets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import git

from core.keeper_kit import until
from sweeptree.publish.checks import run_tests
from sweeptree.repository import find_repository
from sweeptree.worktrees import abandoned, repair


def test_the_commit_is_tested_and_nothing_is_left(repo: Path) -> None:
    (repo / "train.py").write_text("not committed\n")
    head = git("rev-parse", "HEAD", cwd=repo)
    run = run_tests(
        find_repository(repo), head, "git status --porcelain; git rev-parse HEAD", 600.0
    )
    assert (run.is_green, run.tail.strip()) == (True, head)
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1


def test_red_is_a_value_with_the_reason_and_the_last_words(repo: Path) -> None:
    run = run_tests(find_repository(repo), "HEAD", "echo why; exit 3", 600.0)
    assert (run.is_green, run.summary, run.tail) == (False, "red: exit code 3", "why\n")


def test_tests_that_hang_are_red(repo: Path) -> None:
    assert not run_tests(find_repository(repo), "HEAD", "sleep 60", 0.2).is_green


def test_the_code_of_a_commit_sees_no_token(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "hidden99")
    monkeypatch.setenv("SWEEPTREE_GITHUB_TOKEN", "hidden99")
    run = run_tests(find_repository(repo), "HEAD", "env", 600.0)
    assert "PATH=" in run.tail and "hidden99" not in run.tail


KILLED = """
import sys
from pathlib import Path
from sweeptree.publish.checks import run_tests
from sweeptree.repository import find_repository
run_tests(find_repository(Path.cwd()), "HEAD", sys.argv[1], 600.0)
"""


@pytest.mark.slow
def test_tests_end_with_the_command_that_runs_them_and_nothing_is_left(repo: Path) -> None:
    pids, found = repo.parent / "pids", find_repository(repo)
    tests = f"setsid sleep 600 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait"
    with subprocess.Popen([sys.executable, "-c", KILLED, tests], cwd=repo) as merging:
        until(pids.exists)
        merging.kill()
    until(lambda: not any(is_there(pid) for pid in pids.read_text().split()))
    assert len(abandoned(found)) == len(repair(found)) == 1
    assert not (repo / ".sweeptree/wt/merge").exists() or not [
        *(repo / ".sweeptree/wt/merge").iterdir()
    ]


def is_there(pid: str) -> bool:
    """Whether a process lives; one that has ended and was not waited for does not."""
    return os.path.lexists(f"/proc/{pid}/exe") and os.access(f"/proc/{pid}/cwd", os.F_OK)
