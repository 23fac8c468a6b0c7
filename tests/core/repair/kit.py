"""What tests of the CI Fixer share: failing tests as values, and small broken repositories."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

from helpers import git

from sweeptree.publish.checks import CaseState, Frame, Runner, TestCase, TestResults
from sweeptree.repair.failures import Failure, FailureReport

PYTEST = f"{shlex.quote(sys.executable)} -m pytest -q -p no:cacheprovider"
PROGRAM = "def double(x):\n    return x + x + 1\n"
TESTS = (
    "from program import double\n\n"
    "def test_double():\n    print('doubling')\n    assert double(2) == 4\n\n"
    "def test_zero():\n    assert True\n"
)


def failed(
    node_id: str = "test_program.py::test_double",
    message: str = "assert 5 == 4",
    *,
    trace: str = "",
    path: str = "program.py",
) -> TestCase:
    """A test that failed in line 2 of a file."""
    frame = Frame(path, 2, "return x + x + 1")
    return TestCase(node_id, CaseState.FAILED, message, trace or f"E   {message}", "", 0.1, frame)


def passed(node_id: str) -> TestCase:
    """A test that passed."""
    return TestCase(node_id, CaseState.PASSED)


def results(*cases: TestCase, runner: Runner = Runner.PYTEST) -> TestResults:
    """A whole run of these tests."""
    code = 1 if any(case.state.is_failing for case in cases) else 0
    return TestResults("pytest -q", "c0ffee", runner, cases, len(cases), exit_code=code)


def report_of(*cases: TestCase, changed: tuple[str, ...] = ()) -> FailureReport:
    """The report of a run whose failures are all real."""
    run = results(*cases)
    failures = tuple(Failure(case) for case in cases if case.state.is_failing)
    return FailureReport(run, failures, changed=changed)


def with_files(report: FailureReport, top: Path) -> FailureReport:
    """The same, of the commit that is checked out there."""
    return replace(report, files=tuple(git("ls-files", cwd=top).splitlines()))


def commit(top: Path, **files: str) -> str:
    """Commit files (names with _ for the last dot, __ for a slash). Returns the commit."""
    for name, text in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        file = top / f"{stem}.{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("add", "-A", cwd=top)
    git("commit", "-q", "-m", "more", cwd=top)
    return git("rev-parse", "HEAD", cwd=top)


def broken(top: Path) -> str:
    """Commit a program with one bug and its two tests. Returns the commit."""
    return commit(top, program_py=PROGRAM, test_program_py=TESTS)


def is_clean(repo: Path) -> bool:
    """Whether nothing of ours is left beside the reports: no worktree, no ref, no change."""
    left = [path for path in (repo / ".sweeptree" / "wt").rglob("*") if path.is_file()]
    worktrees = git("worktree", "list", cwd=repo).splitlines()
    status = git("status", "--porcelain", cwd=repo)
    return (len(worktrees), left, status) == (1, [], "")
