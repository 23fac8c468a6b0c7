"""Commits of jobs outlive their worktrees."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool, refs, sh
from sweeptree.errors import GitError
from sweeptree.repository import find_repository
from sweeptree.worktrees.saved_commits import save_commits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("echo x >> train.py; git commit -qam one; git commit -q --allow-empty -m two", 1),
        ("git commit -q --allow-empty -m one; git commit -q --allow-empty --amend -m two", 2),
        ("git checkout -q -b br; git commit -q --allow-empty -m one", 0),
        ("git commit -q --allow-empty -m one; git checkout -q --detach HEAD~1", 1),
        (
            (
                "git commit -q --allow-empty -m one; git checkout -q main; "
                'rm "$(git rev-parse --git-dir)/logs/HEAD"'
            ),
            0,
        ),
        (
            (
                "git checkout -q --orphan o; git commit -q -m root; "
                "git checkout -q --detach; git branch -D o"
            ),
            1,
        ),
    ],
)
def test_commits_of_a_job_get_a_ref(repo: Path, script: str, made: int) -> None:
    git("checkout", "-q", "-b", "other", cwd=repo)
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, script)
        pool.release(worktree, keep=False)
    git("gc", "-q", "--prune=now", cwd=repo)
    assert len(refs(repo)) == made
    assert all(ref.startswith("refs/sweeptree/exp/job_3-") for ref in refs(repo))


def test_commits_are_kept_before_the_next_job_starts(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, "git commit -q --allow-empty -m one")
        pool.release(worktree, keep=False)
        assert len(refs(repo)) == 1
        assert git("rev-parse", "HEAD", cwd=pool.acquire(4).top) == worktree.base_commit


def test_commits_survive_a_worktree_that_is_deleted(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        sh(worktree, 'git commit -q --allow-empty -m one; rm -rf "$PWD"')
        pool.release(worktree, keep=False)
        assert (pool.acquire(4).top / "train.py").exists()
    assert len(refs(repo)) == 1


def test_a_commit_whose_files_are_gone_is_named_and_gets_no_ref(repo: Path) -> None:
    (repo / "new.py").write_text("new\n")
    blob = git("hash-object", "-w", "new.py", cwd=repo)
    git("add", ".", cwd=repo)
    tree = git("write-tree", cwd=repo)
    commit = git("commit-tree", tree, "-p", "HEAD", "-m", "work", cwd=repo)
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    head = git("rev-parse", "HEAD", cwd=repo)
    with pytest.raises(GitError, match=f"objects of the commit {commit[:12]} are gone"):
        save_commits(find_repository(repo), "refs/sweeptree/exp/job_0", [commit], head)
    assert refs(repo) == []
