"""The card beside a worktree."""

from pathlib import Path

import pytest

from core.worktree_kit import make_pool
from sweeptree.errors import WorktreeGone
from sweeptree.worktrees.job_card import card_path, checked_card, find_card, read_card


def test_card_says_what_the_worktree_was_made_from(repo: Path) -> None:
    with make_pool(repo) as pool:
        worktree = pool.acquire(7)
        card = read_card(worktree.top)
        assert (card.job, card.exp_name, card.base) == (7, "exp", worktree.base_commit)
        assert checked_card(worktree.top) == card


def test_a_folder_without_a_card_is_not_ours(repo: Path) -> None:
    assert find_card(repo) is None
    with pytest.raises(WorktreeGone, match="not a worktree that sweeptree made"):
        read_card(repo)


def test_a_broken_card_is_none(repo: Path) -> None:
    card_path(repo).write_text('{"job": 1}')
    assert find_card(repo) is None
