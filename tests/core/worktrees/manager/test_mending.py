"""What killed commands left is ended; what lives is left alone."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from helpers import git

from core.manager_kit import make, staged, unreachable
from core.worktree_kit import registered
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import mend
from sweeptree.worktrees.manager.lease import new_lease, read_lease, write_lease
from sweeptree.worktrees.manager.notes import name_lock, read_note, write_note


def test_where_all_is_well_nothing_is_done(repo: Path) -> None:
    make(repo)
    assert mend(find_repository(repo)) == []


def test_a_half_made_worktree_goes_and_a_set_up_s_files_are_saved(repo: Path) -> None:
    top = make(repo)
    found = find_repository(repo)
    note = read_note(found, "plots")
    assert note is not None
    write_note(found, replace(note, ready=False))
    (top / "a.secret").write_text("made-by-the-set-up")
    assert mend(found) == ["removed the worktree plots, whose making was cut short"]
    assert unreachable(repo, ["made-by-the-set-up"]) == []


def test_one_that_is_just_being_made_is_left_alone(repo: Path) -> None:
    top = make(repo)
    found = find_repository(repo)
    note = read_note(found, "plots")
    assert note is not None
    write_note(found, replace(note, ready=False))
    with name_lock(found, "plots"):
        assert mend(found) == []
    assert top.is_dir()


def test_a_folder_deleted_by_hand_is_forgotten_with_its_notes(repo: Path) -> None:
    top = make(repo)
    markers = staged(top)[:1]
    shutil.rmtree(top)
    done = mend(find_repository(repo))
    assert any("whose folder is gone (its work: refs/sweeptree/" in line for line in done)
    assert (registered(repo), unreachable(repo, markers)) == ([str(repo)], [])
    assert make(repo).is_dir()


def test_the_lease_of_a_dead_process_ends(repo: Path) -> None:
    make(repo)
    found = find_repository(repo)
    with subprocess.Popen(["sleep", "60"]) as process:
        lease = new_lease(process.pid)
        process.kill()
    write_lease(found, "plots", lease)
    assert mend(found) == ["ended the lease of plots: its process is gone"]
    write_lease(found, "plots", new_lease(os.getpid()))
    assert mend(found) == [] and read_lease(found, "plots")


def test_worktrees_of_others_are_left_alone(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "--detach", tmp_path / "theirs", cwd=repo)
    shutil.rmtree(tmp_path / "theirs")
    assert mend(find_repository(repo)) == []
    assert str(tmp_path / "theirs") in registered(repo)
