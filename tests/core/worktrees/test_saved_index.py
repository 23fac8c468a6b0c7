"""What was only staged in a worktree gets a ref."""

from pathlib import Path

from helpers import git

from core.manager_kit import conflict, make, staged
from sweeptree.repository import find_repository
from sweeptree.worktrees.registry import entry_of
from sweeptree.worktrees.saved_index import save_index


def saved(repo: Path, top: Path) -> list[str]:
    entry = entry_of(top)
    assert entry is not None
    return save_index(find_repository(repo), "refs/sweeptree/x", entry)


def test_staged_content_gets_a_ref_on_top_of_head(repo: Path) -> None:
    top = make(repo)
    staged(top)
    (ref,) = saved(repo, top)
    assert git("show", f"{ref}:train.py", cwd=repo) == "staged-bytes"


def test_an_index_like_head_needs_none(repo: Path) -> None:
    assert saved(repo, make(repo)) == []


def test_an_index_in_the_middle_of_a_merge_is_a_list(repo: Path) -> None:
    top = make(repo)
    conflict(top)
    (ref,) = saved(repo, top)
    names = git("ls-tree", "--name-only", ref, cwd=repo).split()
    assert "staged-in-a-merge" in {git("cat-file", "blob", name, cwd=repo) for name in names}
