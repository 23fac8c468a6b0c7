"""The runs of a judgement."""

import time
from pathlib import Path

import pytest

from core.publish.checks.gate_kit import Project, make
from sweeptree.publish.checks import Runner, TestResults
from sweeptree.publish.checks.protected import Protection
from sweeptree.publish.checks.trial import Objection, Trial
from sweeptree.repository import find_repository

NOTHING = TestResults("true", "abc", Runner.EXIT_CODE)


def trial(top: Path, command: str, seconds: float = 600.0) -> Trial:
    commit = make(top, Project())
    deadline = time.monotonic() + seconds
    return Trial(find_repository(top), commit, NOTHING, command, Protection(), deadline)


def test_a_run_that_writes_to_a_protected_file_and_back(tmp_path: Path) -> None:
    sly = trial(tmp_path, "cp tests/test_core.py x; cat x > tests/test_core.py")
    with sly.worktree(sly.base) as place, pytest.raises(Objection, match=r"tests/test_core\.py"):
        sly.run(place)


def test_other_files_may_be_written(tmp_path: Path) -> None:
    good = trial(tmp_path, "echo > calc/core.py; echo > tests/new.txt")
    with good.worktree(good.base) as place:
        assert good.run(place).exit_code == 0


def test_no_run_begins_when_the_time_is_over(tmp_path: Path) -> None:
    late = trial(tmp_path, "true", 0.0)
    with late.worktree(late.base) as place, pytest.raises(Objection, match="budget"):
        late.run(place)


def test_a_run_ends_with_the_budget(tmp_path: Path) -> None:
    slow = trial(tmp_path, "sleep 60", 2.0)
    with slow.worktree(slow.base) as place:
        assert not slow.run(place).is_complete
