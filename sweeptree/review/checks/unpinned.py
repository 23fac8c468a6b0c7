"""The hunk-revert check: take each changed hunk back alone; if no test notices, nothing pins it.

It sees logic slips that no linter sees, for the price of one run of the tests per hunk. Hunks that
change no behaviour (comments, docstrings, annotations, messages) are not tried, nor are those that
the tests never reach: coverage says that already.

A refactoring that keeps the behaviour is noticed by no test either, and rightly so. So a rewrite of
another shape is only a note; what was added, taken away, or changed in a name, a constant or an
operator alone is a warning.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweeptree.errors import Refused
from sweeptree.publish.checks import TestResults
from sweeptree.review.change import Change, HunkRevert, hunk_reverts
from sweeptree.review.checks.meaning import has_the_same_shape, means_the_same
from sweeptree.review.values import CheckResult, Finding, Severity, not_run

NAME = "hunk revert"
_MOST = 40
_SOURCES = (".py", ".go", ".rs", ".js", ".ts", ".jsx", ".tsx", ".c", ".cc", ".cpp", ".java", ".jl")


@dataclass(frozen=True, slots=True)
class Trial:
    """What the check needs: the tests at the head, a way to run them with a patch, and a budget in
    seconds. `reached`: the lines that the tests run, by file; a file that is not in it is unknown.
    """

    head: TestResults
    run: Callable[[bytes], TestResults]
    budget: float
    reached: Mapping[str, frozenset[int]]


def check_unpinned(change: Change, trial: Trial) -> CheckResult:
    """Every hunk whose removal no test notices."""
    why = _why_not(trial)
    if why:
        return not_run(NAME, why)
    hunks = [hunk for hunk in hunk_reverts(change) if _matters(hunk, change, trial)]
    tried = list(_tried(hunks, trial))
    found = [_finding(hunk, change) for hunk, is_noticed in tried if not is_noticed]
    note = f"{len(tried)} of {len(hunks)} hunks tried"
    if len(tried) < len(hunks):
        note += f", at most {_MOST} within {trial.budget:.0f} s"
    return CheckResult(NAME, tuple(found), note=note)


def _why_not(trial: Trial) -> str:
    head = trial.head
    if not head.is_complete or not (head.passed or head.is_green):
        return "no test passes at the head"
    if head.seconds > trial.budget:
        return f"one run takes {head.seconds:.0f} s, the budget is {trial.budget:.0f} s"
    return ""


def _tried(hunks: Sequence[HunkRevert], trial: Trial) -> Iterator[tuple[HunkRevert, bool]]:
    """Each hunk, and whether a test notices its removal, until the time is up."""
    end = time.monotonic() + trial.budget
    for hunk in hunks[:_MOST]:
        if time.monotonic() + trial.head.seconds > end:
            return
        yield hunk, _is_noticed(hunk, trial)


def _matters(hunk: HunkRevert, change: Change, trial: Trial) -> bool:
    """Whether taking it back could change what the code does."""
    file = change.file(hunk.path)
    if file is None or file.new is None or file.is_test or not hunk.path.endswith(_SOURCES):
        return False
    if file.is_python and means_the_same(file.new, hunk.applied_to(file.new)):
        return False
    reached = trial.reached.get(hunk.path)
    return reached is None or any(line in reached for line in _lines(hunk))


def _lines(hunk: HunkRevert) -> range:
    """Its lines, with the neighbours where it only removes."""
    return range(hunk.first, hunk.last + 2) if hunk.length else range(1, 2)


def _is_noticed(hunk: HunkRevert, trial: Trial) -> bool:
    """Whether other tests pass without the hunk: fewer, or one that fails because of it.

    True as well for a hunk that cannot be taken back alone.
    """
    try:
        without = trial.run(hunk.patch)
    except Refused:
        return True
    if not trial.head.cases:
        return without.is_green != trial.head.is_green
    return set(without.passed) != set(trial.head.passed)


def _finding(hunk: HunkRevert, change: Change) -> Finding:
    text = "all tests still pass without this change: nothing pins it"
    severity = Severity.WARNING
    if _may_be_a_refactoring(hunk, change):
        severity = Severity.NOTE
        text = "no test tells this from what was there before: right for a refactoring only"
    end = hunk.last if hunk.last > hunk.first else 0
    return Finding(hunk.path, hunk.first, "unpinned", "tests", severity, text, end=end)


def _may_be_a_refactoring(hunk: HunkRevert, change: Change) -> bool:
    """Whether it puts code of another shape in place of what was there."""
    text = change.text(hunk.path)
    return hunk.is_rewrite and not has_the_same_shape(text, hunk.applied_to(text))
