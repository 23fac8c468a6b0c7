"""Decide about a merge and carry it out: look, make the result, test it, land exactly that.

The base moves only to a commit whose tests were green (the rule of bors and homu). When it moved
while the tests ran, the result is made and tested anew.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sweeptree import worktrees
from sweeptree.errors import PushError, SweeptreeError
from sweeptree.publish.checks import TestRun, run_tests
from sweeptree.publish.merging.values import MergeDecision, MergeOptions, MergeState
from sweeptree.repository import Repository, branches, history, merges
from sweeptree.repository.merges import Merged

ATTEMPTS = 3


class MergeBase(Protocol):
    """The branch that a merge goes into: a local one, or one on a remote."""

    def tip(self) -> str:
        """Its newest commit."""

    def check_landing(self, tip: str, tree: str) -> None:
        """Raise Refused for what would keep a result with these files from landing."""

    def report_tests(self, decision: MergeDecision) -> MergeDecision:
        """Tell others how the tests of the result ended."""

    def land(self, commit: str, tip: str) -> str:
        """Move it from `tip` to `commit`; returns the commit that it stands at then.

        Raises PushError of kind `moved` when it stood elsewhere.
        """


@dataclass(frozen=True, slots=True)
class MergeCase:
    """One merge: what comes in, where it goes, and what is known to stand in the way."""

    repo: Repository
    options: MergeOptions
    blank: MergeDecision
    message: str
    base: MergeBase
    reasons: tuple[str, ...] = ()

    @property
    def top(self) -> Path:
        """The worktree that git is asked in."""
        return self.repo.start


class NotLanded(Exception):  # noqa: N818 - says what is the case
    """The tests were green, and yet the base could not be moved: what had been decided, and why."""

    def __init__(self, decision: MergeDecision, error: SweeptreeError) -> None:
        super().__init__(error.message)
        self.decision = decision
        self.error = error


def decide(case: MergeCase) -> MergeDecision:
    """Make the result, test it and land it; again when the base moved meanwhile.

    Raises Refused, GitError and NotLanded.
    """
    for attempt in range(ATTEMPTS):
        decision = _prepare(case)
        if decision.state is not MergeState.READY:
            return _described(case, decision)
        decision = _tested(case, decision)
        if decision.state is not MergeState.READY or not case.options.confirm(decision):
            return decision
        landed = _land(case, decision, is_last=attempt == ATTEMPTS - 1)
        if landed is not None:
            return landed
    raise AssertionError("unreachable")


def _prepare(case: MergeCase) -> MergeDecision:
    """What is known before the tests: reasons against it, conflicts, the commit to be tested."""
    head, base = case.blank.head, case.base.tip()
    found = replace(case.blank, base_commit=base)
    if branches.contains(case.top, head, base):
        reason = f"{found.base} holds it already"
        return replace(found, state=MergeState.UP_TO_DATE, reason=reason)

    merged = merges.try_merge(case.top, base, head)
    reasons = _reasons(case, merged, base)
    if reasons or merged.tree is None:
        refused = replace(found, state=MergeState.REFUSED, conflicts=merged.conflicts)
        return replace(refused, reason=reasons[0], others=reasons[1:])

    case.base.check_landing(base, merged.tree)
    return found if case.options.dry_run else _with_result(case, found)


def _reasons(case: MergeCase, merged: Merged, base: str) -> tuple[str, ...]:
    found = list(case.reasons)
    if merged.tree is None:
        found.append(f"it conflicts with {case.blank.base}")
    if case.options.method == "ff" and not branches.contains(case.top, base, case.blank.head):
        found.append(f"it does not start at the tip of {case.blank.base}: no fast-forward")
    return tuple(found)


def _with_result(case: MergeCase, found: MergeDecision) -> MergeDecision:
    """The decision with the commit that is to be tested."""
    style = case.options.method
    commit = worktrees.merge_commit(
        case.repo, found.base_commit, found.head, style=style, message=case.message
    )
    if commit is None:
        reason = f"its commits cannot be put on {found.base} one by one"
        return replace(found, state=MergeState.REFUSED, reason=reason)
    return replace(found, state=MergeState.READY, commit=commit)


def _tested(case: MergeCase, decision: MergeDecision) -> MergeDecision:
    """The decision after the tests. What a person wants to see of it is collected meanwhile."""
    with ThreadPoolExecutor(1) as beside:
        described = beside.submit(_described, case, decision)
        run = _run_tests(case, decision)
    tested = case.base.report_tests(replace(described.result(), run=run))
    if run.is_green:
        return tested
    reason = f"the tests of the merge's result are {run.summary}"
    return replace(tested, state=MergeState.REFUSED, reason=reason)


def _run_tests(case: MergeCase, decision: MergeDecision) -> TestRun:
    assert decision.commit is not None
    options = case.options
    return run_tests(case.repo, decision.commit, options.test_command, options.timeout)


def _land(case: MergeCase, decision: MergeDecision, *, is_last: bool) -> MergeDecision | None:
    """The decision after landing; None when the base has moved and may be looked at again."""
    assert decision.commit is not None
    try:
        landed = case.base.land(decision.commit, decision.base_commit)
    except SweeptreeError as error:
        has_moved = isinstance(error, PushError) and error.kind == "moved"
        if has_moved and not is_last:
            return None
        raise NotLanded(_not_landed(decision, error), error) from error
    return replace(decision, state=MergeState.MERGED, commit=landed)


def _not_landed(decision: MergeDecision, error: SweeptreeError) -> MergeDecision:
    why = "the tests of the merge's result are green, but it could not be landed"
    return replace(
        decision, state=MergeState.REFUSED, reason=f"{why}: {error.message}", others=error.hint
    )


def _described(case: MergeCase, decision: MergeDecision) -> MergeDecision:
    """The same with its files and commits, and with the diff where that is short."""
    top, base, head = case.top, decision.base_commit, decision.head
    files = merges.changed_files(top, base, head)
    commits = history.commits_between(top, base, head)
    lines = sum((file.added or 0) + (file.removed or 0) for file in files)
    is_short = 0 < lines <= case.options.diff_lines
    diff = merges.patch(top, base, head) if is_short else ""
    return replace(decision, files=files, diff=diff, commits=commits)
