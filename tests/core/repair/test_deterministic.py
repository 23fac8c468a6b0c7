"""The first rung proposes what has only one answer."""

from pathlib import Path

import pytest
from helpers import git

from core.repair.kit import commit, failed, report_of, with_files
from sweeptree import worktrees
from sweeptree.repair.deterministic import Deterministic
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.proposal import Budget, Proposal
from sweeptree.repository import find_repository

CONFLICT = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n"


def proposals(top: Path, report: FailureReport) -> tuple[Proposal, ...]:
    repo, head = find_repository(top), git("rev-parse", "HEAD", cwd=top)
    with worktrees.temporary_worktree(repo, head) as place:
        full = with_files(report, place)
        return Deterministic(repo, head).propose(full, place, Budget(60.0))


def test_a_missing_import_is_proposed_first_and_then_tidied(repo: Path) -> None:
    commit(repo, shapes_py="def area(): ...\n", plots_py="def f():\n    return area( )\n")
    case = failed(message="NameError: name 'area' is not defined", path="plots.py")
    first, second = proposals(repo, report_of(case, changed=("plots.py",)))
    assert first.note == "plots.py imports area from shapes"
    assert b"+from shapes import area\n" in first.patch and b"area()" not in first.patch
    assert b"+    return area()\n" in second.patch


def test_both_sides_of_a_conflict_are_alternatives(repo: Path) -> None:
    commit(repo, a_py=CONFLICT)
    ours, theirs = proposals(repo, report_of(failed(path="a.py")))
    assert ours.exclusive == theirs.exclusive is not None
    assert b"-x = 2" in ours.patch and b"-x = 1" in theirs.patch


def test_only_what_changed_is_tidied(repo: Path) -> None:
    commit(repo, a_py="x  =  1\n", b_py="x  =  1\n")
    (only,) = proposals(repo, report_of(failed(), changed=("b.py",)))
    assert b"b.py" in only.patch and b"a.py" not in only.patch


@pytest.mark.parametrize("path", ["gone.py", "/etc/passwd", "../a.py"])
def test_nothing_is_proposed_for_files_elsewhere(repo: Path, path: str) -> None:
    case = failed(message="NameError: name 'WIDTH' is not defined", path=path)
    assert proposals(repo, report_of(case, changed=(path,))) == ()
