"""Worktrees for a moment, and merges that need files."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import registered
from sweeptree.repository import find_repository
from sweeptree.worktrees import abandoned, merge_commit, repair, temporary_worktree


def test_a_temporary_worktree_goes_with_all_that_is_in_it(repo: Path) -> None:
    with temporary_worktree(find_repository(repo), "HEAD") as top:
        assert (top / "train.py").exists()
        (top / "left").write_text("x")
    assert not top.exists()
    assert registered(repo) == [str(repo)]


def side_branch(repo: Path, text: str) -> tuple[str, str]:
    """Commits of main and of a branch that changed train.py, which main left alone."""
    git("checkout", "-qb", "side", cwd=repo)
    (repo / "train.py").write_text(text)
    git("commit", "-qam", "side", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    (repo / "ecg/model.py").write_text("other\n")
    git("commit", "-qam", "main", cwd=repo)
    return git("rev-parse", "main", cwd=repo), git("rev-parse", "side", cwd=repo)


@pytest.mark.parametrize(("style", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_merge_commit_holds_both_sides(repo: Path, style: str, parents: int) -> None:
    base, head = side_branch(repo, "side\n")
    commit = merge_commit(find_repository(repo), base, head, style=style, message="merge")
    assert git("show", f"{commit}:train.py", cwd=repo) == "side"
    assert git("show", f"{commit}:ecg/model.py", cwd=repo) == "other"
    assert len(git("rev-parse", f"{commit}^@", cwd=repo).split()) == parents


def test_fast_forward_needs_a_straight_line(repo: Path) -> None:
    base, head = side_branch(repo, "side\n")
    found = find_repository(repo)
    assert merge_commit(found, base, head, style="ff", message="") is None
    assert merge_commit(found, f"{base}^", base, style="ff", message="") == base


KILLED = """
import os, sys, subprocess
from pathlib import Path
from sweeptree.repository import find_repository
from sweeptree.worktrees import temporary_worktree
repo = find_repository(Path.cwd())
with temporary_worktree(repo, sys.argv[1]) as top:
    env = {**os.environ, "SWEEPTREE_COOKIE": "merge-test:x"}
    tests = subprocess.Popen(["sleep", "600"], cwd=top, env=env, start_new_session=True,
                             stdout=subprocess.DEVNULL)
    print(tests.pid, top, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def merging(repo: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that tests a commit in a worktree for a moment; it prints their PID and folder."""
    words = [sys.executable, "-c", KILLED, git("rev-parse", "HEAD", cwd=repo)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=repo, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.kill()


def test_a_killed_merge_is_named_and_repaired_with_its_tests(
    repo: Path, merging: subprocess.Popen[str]
) -> None:
    assert merging.stdout is not None
    pid, top = merging.stdout.readline().split()
    found = find_repository(repo)
    assert abandoned(found) == []
    assert repair(found) == []
    merging.kill()
    merging.wait()
    assert abandoned(found) == [f"merge/{Path(top).name}"]
    assert "whose command was killed" in repair(found)[0]
    assert not Path(top).exists()
    assert len(git("worktree", "list", cwd=repo).splitlines()) == 1
    assert not Path(f"/proc/{pid}/cwd").exists()
    assert repair(found) == []


def test_what_a_killed_command_left_is_cleared_away_by_the_next(
    repo: Path, merging: subprocess.Popen[str]
) -> None:
    assert merging.stdout is not None
    pid, top = merging.stdout.readline().split()
    found, head = find_repository(repo), git("rev-parse", "HEAD", cwd=repo)
    with temporary_worktree(found, head):
        assert Path(top).is_dir()  # its command lives
    merging.kill()
    merging.wait()
    with temporary_worktree(found, head):
        assert not Path(top).exists() and not Path(f"/proc/{pid}/cwd").exists()
        assert len(git("worktree", "list", cwd=repo).splitlines()) == 2
