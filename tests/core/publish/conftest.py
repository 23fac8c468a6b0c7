"""A remote that is a folder, an agent's worktree in its clone, and the context of a delivery."""

from pathlib import Path

import pytest
from helpers import git

from sweeptree.publish.delivery import Context


@pytest.fixture
def bare(repo: Path, tmp_path: Path) -> Path:
    """The remote `origin` of the small repository; it has main, and the clone knows that."""
    path = tmp_path / "origin.git"
    git("init", "-q", "--bare", "-b", "main", path, cwd=repo)
    git("remote", "add", "origin", path, cwd=repo)
    git("push", "-q", "origin", "main", cwd=repo)
    git("remote", "set-head", "origin", "main", cwd=repo)
    return path


@pytest.fixture
def worktree(repo: Path, bare: Path, tmp_path: Path) -> Path:
    """An agent's worktree on a branch of its own, with a changed file."""
    top = tmp_path / "agent"
    git("worktree", "add", "-q", "-b", "work", top, cwd=repo)
    (top / "ecg" / "model.py").write_text("WIDTH = 16\n")
    return top


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """No token at all."""
    return Context({"PATH": ""}, tmp_path / "state")
