"""What jobs change in what all worktrees of a repository share."""

from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import sh
from sweeptree.model import Worktree
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool, changes


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("git config core.autocrlf true", "the repository's config changed"),
        (
            'h="$(git rev-parse --git-path hooks)"; mkdir -p "$h"; touch "$h/post-checkout"',
            "hooks changed",
        ),
        ('echo a >> "$(git rev-parse --git-path info/exclude)"', "info/exclude changed"),
        ("git branch br", "refs/heads/br was made or moved"),
        ("git branch -D side", "refs/heads/side was deleted"),
        ("echo x >> train.py; git stash -q", "refs/stash was made or moved"),
        ("git pack-refs --all; git branch -D side", "deleted"),
    ],
)
def test_changes_of_what_all_share_are_noted(repo: Path, script: str, note: str) -> None:
    git("branch", "side", cwd=repo)
    found = find_repository(repo)
    with Pool(found, resolve_base(found, "HEAD"), "exp", size=1) as pool:
        worktree = pool.acquire(0)
        sh(worktree, script)
        assert note in " ".join(changes(worktree).notes)


def test_gc_and_pack_refs_are_no_change(worktree: Worktree) -> None:
    sh(worktree, "git pack-refs --all; git gc -q --prune=now")
    assert changes(worktree).notes == ()
