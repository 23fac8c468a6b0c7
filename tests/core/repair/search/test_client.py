"""A search from outside: what it finds, what it leaves alone, what it says when it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.repair.search.search_kit import project
from sweeptree.repair.search import (
    SearchLimits,
    SearchOutcome,
    SearchTask,
    find_repairs,
    judge_edits,
    search,
)

MODULE = "def larger(a, b):\n    return a if a < b else b\n"
TESTS = """\
    import os
    from program import larger

    def test_first():
        assert larger(3, 1) == 3

    def test_second():
        assert larger(1, 2) == 2

    def test_equal():
        assert larger(4, 4) == 4 and "GH_TOKEN" not in os.environ
"""
FAILING = ("test_program.py::test_first", "test_program.py::test_second")
PASSING = ("test_program.py::test_equal",)
LIMITS = SearchLimits(30.0, 120.0)


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return project(tmp_path / "repo", MODULE, TESTS)


def task(top: Path, python: str = sys.executable) -> SearchTask:
    return SearchTask(top, FAILING, PASSING, python)


def test_a_repair_is_found_and_the_worktree_stays_as_it_is(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "hidden99")
    first, *_ = find_repairs(top, FAILING, PASSING, sys.executable, 60.0)
    assert (first.path, first.line, first.tests_passed) == ("program.py", 2, 3)
    assert (top / "program.py").read_text() == MODULE
    subprocess.run(["git", "apply", "-"], cwd=top, input=first.patch, check=True)
    assert (top / "program.py").read_text() == MODULE.replace("<", ">")
    assert [path.name for path in top.parent.iterdir()] == ["repo"]


def test_nothing_fails_nothing_is_started(top: Path) -> None:
    outcome = search(SearchTask(top, (), PASSING, sys.executable), LIMITS)
    assert outcome == SearchOutcome((), "no test fails", 0, 0.0, 0.0)


def test_an_interpreter_that_is_not_there_is_a_reason(top: Path) -> None:
    outcome = search(task(top, "/nowhere/python"), LIMITS)
    assert (outcome.repairs, outcome.tried) == ((), 0)
    assert "/nowhere/python: not found" in outcome.reason


@pytest.mark.slow
def test_a_known_fix_is_valid_and_a_wrong_one_is_not(top: Path) -> None:
    right, wrong = MODULE.replace("<", ">"), MODULE.replace("a < b", "True")
    assert judge_edits(task(top), LIMITS, {"program.py": right.encode()})
    assert not judge_edits(task(top), LIMITS, {"program.py": wrong.encode()})


@pytest.mark.slow
def test_a_project_that_breaks_at_import_is_a_reason(top: Path) -> None:
    (top / "program.py").write_text("import nothing_like_this\n")
    outcome = search(task(top), LIMITS)
    assert outcome.repairs == ()
    assert "could not be collected" in outcome.reason


@pytest.mark.slow
def test_time_is_kept_whatever_the_tests_do(top: Path) -> None:
    (top / "conftest.py").write_text("import time\ntime.sleep(3600)\n")
    outcome = search(task(top), SearchLimits(1.0, 1.0, to_begin_seconds=1.0))
    assert "ended before it was over" in outcome.reason
