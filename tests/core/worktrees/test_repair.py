"""What killed commands left of our worktrees is cleared away, and nothing else."""

import subprocess
from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool, refs, registered
from sweeptree.repository import find_repository
from sweeptree.worktrees import repair


def half_made(repo: Path, name: str, head: str = "0" * 40) -> Path:
    """What kill -9 leaves of `git worktree add`: an entry locked as initializing, a few files."""
    checkout, entry = repo / ".sweeptree/wt/old" / name, repo / ".git/worktrees" / name
    checkout.mkdir(parents=True)
    entry.mkdir(parents=True)
    (checkout / ".git").write_text(f"gitdir: {entry}\n")
    (checkout / "train.py").write_text("half")
    (entry / "gitdir").write_text(f"{checkout}/.git\n")
    (entry / "commondir").write_text("../..\n")
    (entry / "HEAD").write_text(f"{head}\n")
    (entry / "locked").write_text("initializing")
    return checkout


@pytest.mark.parametrize("missing", ["", "HEAD", "commondir", "checkout"])
def test_half_made_worktree_is_removed(repo: Path, missing: str) -> None:
    checkout = half_made(repo, "slot_0")
    if missing == "checkout":
        subprocess.run(["rm", "-r", str(checkout)], check=True)
    elif missing:
        (repo / ".git/worktrees/slot_0" / missing).unlink()
    assert "half-made worktree" in repair(find_repository(repo))[0]
    assert not checkout.exists()
    assert registered(repo) == [str(repo)]
    assert repair(find_repository(repo)) == []


def test_pool_repairs_when_it_starts(repo: Path) -> None:
    half_made(repo, "slot_0")
    with make_pool(repo) as pool:
        assert registered(repo) == [str(repo)]
        assert (pool.acquire().top / "train.py").exists()


def test_repair_forgets_a_deleted_folder_but_keeps_its_commits(repo: Path) -> None:
    gone = repo / ".sweeptree/wt/old/job_1"
    git("worktree", "add", "-q", "--detach", gone, cwd=repo)
    git("commit", "-q", "--allow-empty", "-m", "work", cwd=gone)
    subprocess.run(["rm", "-r", str(gone)], check=True)
    assert "whose folder is gone" in repair(find_repository(repo))[0]
    assert len(refs(repo)) == 1


def test_repair_leaves_others_and_work_alone(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "theirs", cwd=repo)
    subprocess.run(["rm", "-r", str(tmp_path / "theirs")], check=True)
    mine = half_made(repo, "job_1")
    (repo / ".git/worktrees/job_1/locked").unlink()
    assert "left" in repair(find_repository(repo))[0]
    assert (mine / "train.py").exists()
    assert (repo / ".git/worktrees/theirs").exists()


def test_interrupted_rename_is_ended(repo: Path) -> None:
    old = repo / ".sweeptree/wt/old/slot_0"
    git("worktree", "add", "-q", "--detach", old, cwd=repo)
    (repo / ".git/worktrees/slot_0/locked").write_text("sweeptree is moving this worktree")
    (repo / ".git/worktrees/slot_0/gitdir").write_text(f"{old.with_name('job_1')}/.git\n")
    repair(find_repository(repo))
    assert registered(repo) == [str(repo), str(old)]
