"""Who lives in a worktree."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keeper_kit import until
from sweeptree.worktrees.manager.occupants import everybody, living_in, writers_in


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "in").mkdir()
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path / "in") as process:
        yield process
        process.kill()


def test_a_process_lives_where_its_working_folder_is(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    until(lambda: bool(living_in(tmp_path, everybody())))
    (found,) = living_in(tmp_path, everybody())
    assert found.text == f"process {sleeper.pid} (sleep)"
    assert living_in(tmp_path / "i", everybody()) == []


def test_a_process_lives_in_the_worktree_that_it_was_given(tmp_path: Path) -> None:
    env = {**os.environ, "SWEEPTREE_WORKTREE": str(tmp_path)}
    with subprocess.Popen(["sleep", "60"], cwd="/", env=env) as process:
        until(lambda: [one.pid for one in living_in(tmp_path, everybody())] == [process.pid])
        process.kill()


def test_a_process_that_has_a_file_open_writes_there(tmp_path: Path) -> None:
    assert writers_in(tmp_path) == []
    with (tmp_path / "log").open("w"):
        assert [one.pid for one in writers_in(tmp_path)] == [os.getpid()]
