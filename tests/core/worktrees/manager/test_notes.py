"""Notes on named worktrees, and the lock on their names."""

from pathlib import Path

import pytest

from core.manager_kit import make
from core.worktree_kit import make_pool
from sweeptree.errors import Refused
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager.notes import (
    Note,
    all_notes,
    end_note,
    is_in_work,
    name_lock,
    only_one,
    read_note,
    write_note,
)
from sweeptree.worktrees.manager.places import find_ours


def test_a_note_is_read_as_it_was_written(repo: Path) -> None:
    found, note = find_repository(repo), Note("a", "HEAD", "now", setup_paths=("x", "y"))
    write_note(found, note)
    assert (read_note(found, "a"), all_notes(found)) == (note, [note])
    end_note(found, "a")
    assert read_note(found, "a") is None


def test_one_command_at_a_time_works_on_a_name(repo: Path) -> None:
    make(repo)
    found = find_repository(repo)
    place = find_ours(found, "plots")
    with only_one(found, place):
        assert is_in_work(found, place)
        with pytest.raises(Refused, match="another command"), name_lock(found, "plots", patience=0):
            pass
    assert not is_in_work(found, place)


def test_a_job_belongs_to_its_sweep_while_that_runs(repo: Path) -> None:
    found = find_repository(repo)
    with make_pool(repo) as pool:
        worktree = pool.acquire(3)
        pool.release(worktree, keep=True, index=3)
        place = find_ours(found, "exp/job_3")
        assert is_in_work(found, place)
        with pytest.raises(Refused), only_one(found, place):
            pass
    assert not is_in_work(found, place)
