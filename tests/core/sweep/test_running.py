"""Opening a sweep: one call prepares, refuses, locks and makes its worktrees ready."""

from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.errors import Refused, UsageError
from sweeptree.sweep.running import Misses


def test_an_open_sweep_cannot_be_opened_again(repo: Path) -> None:
    with opened(repo, "true"), pytest.raises(Refused, match="is running"), opened(repo, "true"):
        pass


def test_what_contradicts_itself_is_refused_before_anything_is_made(repo: Path) -> None:
    with pytest.raises(UsageError), opened(repo, "true", commit_and_pr=True, use_worktree=False):
        pass
    assert not (repo / "results").exists()


def test_uncommitted_changes_are_pinned_when_that_is_asked_for(repo: Path) -> None:
    (repo / "train.py").write_text("print('changed')\n")
    with opened(repo, "true", dirty="snapshot") as sweep:
        assert sweep.pool is not None
        worktree = sweep.pool.acquire(0)
        assert (worktree.top / "train.py").read_text() == "print('changed')\n"


def test_without_worktrees_there_is_no_pool(repo: Path) -> None:
    with opened(repo, "true", use_worktree=False) as sweep:
        assert sweep.pool is None


def test_a_job_is_called_by_its_config_and_seed(repo: Path) -> None:
    with opened(repo, "python3 train.py --lr 1 --seed 7") as sweep:
        assert sweep.job(0).label == "lr=1 seed 7"


def test_the_first_misses_are_told() -> None:
    misses = Misses()
    for number in range(5):
        misses.add(str(number))
    assert misses.first(3) == ["0", "1", "2"]


def test_a_job_is_found_by_its_number_where_others_are_left_out(repo: Path) -> None:
    with opened(repo, "true", "echo a", "echo b", only="2") as sweep:
        assert sweep.job(2).job.command == "echo b"
