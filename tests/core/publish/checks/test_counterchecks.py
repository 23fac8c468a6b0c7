"""What a green run is worth."""

import time
from pathlib import Path

import pytest

from core.publish.checks.gate_kit import CORE, FIXED, PYTEST, Project, make, results_before
from sweeptree.publish.checks.counterchecks import check_again, run_all, smallest
from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.protected import Protection
from sweeptree.publish.checks.trial import Objection, Trial
from sweeptree.repository import find_repository, patches

TARGET = "tests/test_core.py::test_add"
MORE = FIXED.replace("[value *", "[1 * value *")


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    commit = make(tmp_path, Project())
    before = results_before(tmp_path, commit, PYTEST)
    deadline = time.monotonic() + 60.0
    return Trial(find_repository(tmp_path), commit, before, PYTEST, Protection(), deadline)


def tree(trial: Trial, code: str) -> str:
    return patches.tree_with_files(trial.top, trial.base, {"calc/core.py": code.encode()}, "HEAD")


def test_a_tree_that_mends_nothing(trial: Trial) -> None:
    with pytest.raises(Objection, match="test_add failed before and is failed now"):
        run_all(trial, tree(trial, CORE + "\n"))


@pytest.mark.slow
def test_the_part_that_is_needed(trial: Trial) -> None:
    after = run_all(trial, tree(trial, MORE))
    edit = FileEdit("calc/core.py", CORE.encode(), MORE.encode())
    (least,) = smallest(trial, (edit,), (TARGET,), after)
    assert least.new == FIXED.encode()


@pytest.mark.slow
def test_a_fix_stands_the_repeats_and_the_control(trial: Trial) -> None:
    assert check_again(trial, tree(trial, FIXED), (TARGET,))


@pytest.mark.slow
def test_tests_that_pass_without_the_patch_are_flaky(trial: Trial) -> None:
    after = run_all(trial, tree(trial, FIXED))
    edit = FileEdit("calc/core.py", CORE.encode(), FIXED.encode())
    with pytest.raises(Objection, match="flaky"):
        smallest(trial, (edit,), ("tests/test_core.py::test_scale",), after)
