"""A worktree that a job may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.model import Worktree
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool


@pytest.fixture
def worktree(repo: Path) -> Iterator[Worktree]:
    (repo / "data").mkdir()
    (repo / "data/x.csv").write_text("1")
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (repo / "a.secret").write_text("s")
    found = find_repository(repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        yield pool.acquire(0)
