"""One process at a time has the worktrees of a sweep."""

from pathlib import Path

import pytest

from core.worktree_kit import make_pool
from sweeptree.errors import Refused


def test_second_pool_of_a_sweep_is_refused(repo: Path) -> None:
    with make_pool(repo), pytest.raises(Refused, match="another process"), make_pool(repo):
        pass


def test_link_in_place_of_our_folder_is_refused(repo: Path, tmp_path: Path) -> None:
    (repo / ".sweeptree").symlink_to(tmp_path)
    with pytest.raises(Refused, match="is a link"), make_pool(repo):
        pass
    assert not (tmp_path / "wt").exists()
