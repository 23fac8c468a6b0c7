"""A whole review: what is compared, the checks in their order, new findings only.

Code under review is a stranger's: it runs, where it runs at all, in throw-away worktrees under a
keeper and without secrets (`publish.checks`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sweeptree import worktrees
from sweeptree.errors import Refused, UsageError
from sweeptree.publish.checks import TestResults, capture_tests, find_test_command
from sweeptree.publish.checks.capture import capture_at
from sweeptree.publish.checks.running import link_environments, temporary_place
from sweeptree.repository import Repository, branches, differences
from sweeptree.review.change import Change, opened_change
from sweeptree.review.checks.api_breaks import check_api
from sweeptree.review.checks.complexity import check_complexity
from sweeptree.review.checks.coverage_gaps import (
    Measuring,
    check_coverage,
    reached_lines,
    read_coverage,
)
from sweeptree.review.checks.idioms import check_idioms
from sweeptree.review.checks.leaked_secrets import check_secrets
from sweeptree.review.checks.lint import check_lint
from sweeptree.review.checks.slower import check_slower
from sweeptree.review.checks.suite import Suite, check_tests
from sweeptree.review.checks.typecheck import check_types
from sweeptree.review.checks.unpinned import Trial, check_unpinned
from sweeptree.review.checks.weakened import check_weakened
from sweeptree.review.findings import new_findings
from sweeptree.review.values import CheckResult, CheckRun, Review, ReviewOptions, legible, not_run
from sweeptree.system.scratch import scratch_folder

_RUNNING = ("tests", "slower tests", "coverage", "hunk revert")


@dataclass(frozen=True, slots=True)
class Range:
    """What is reviewed: a commit against its merge base. `is_strangers`: from a fork."""

    repo: Repository
    subject: str
    base: str
    head: str
    is_strangers: bool = False


def range_between(repo: Repository, base: str, head: str, subject: str) -> Range:
    """The head against the last commit that both have in common. Raises Refused without one."""
    start = differences.merge_base(repo.start, base, head)
    if start is None:
        raise Refused(
            f"{base[:12]} and {head[:12]} have no commit in common",
            hint="a shallow clone may lack it: git fetch --unshallow",
        )
    if branches.tree_id(repo.start, start) == branches.tree_id(repo.start, head):
        raise UsageError(
            f"{subject} changes nothing: there is nothing to review",
            hint="git log --oneline --all shows the commits",
        )
    return Range(repo, subject, start, head)


def review_range(wanted: Range, options: ReviewOptions) -> Review:
    """Review a range. A check that cannot be made says so; it is never an error."""
    with opened_change(wanted.repo, wanted.base, wanted.head) as change:
        results = [*_static(change, wanted), *_running(change, wanted, options)]
        findings = new_findings(results, change)
    return Review(
        subject=legible(wanted.subject),
        base=wanted.base,
        head=wanted.head,
        files=len(change.files),
        added=sum(len(file.added) for file in change.files),
        removed=sum(file.removed for file in change.files),
        findings=findings,
        checks=tuple(map(_check_run, results)),
    )


def _check_run(result: CheckResult) -> CheckRun:
    return CheckRun(result.name, result.is_run, legible(result.note), round(result.seconds, 3))


def _static(change: Change, wanted: Range) -> Iterator[CheckResult]:
    """The checks that only read."""
    types = partial(check_types, is_strangers=wanted.is_strangers)
    checks: tuple[Callable[[Change], CheckResult], ...] = (
        check_secrets,
        check_lint,
        types,
        check_weakened,
        check_complexity,
        check_idioms,
        check_api,
    )
    for check in checks:
        yield _timed(partial(check, change))


def _timed(check: Callable[[], CheckResult]) -> CheckResult:
    start = time.monotonic()
    result = check()
    return replace(result, seconds=time.monotonic() - start)


def _running(change: Change, wanted: Range, options: ReviewOptions) -> Iterator[CheckResult]:
    """The checks that run the repository's tests."""
    why = _why_not(wanted, options)
    command = ""
    if not why:
        try:
            command = find_test_command(change.head_top, options.test_command)
        except UsageError as error:
            why = error.message
    if why:
        yield from (not_run(name, why) for name in _RUNNING)
        return
    with scratch_folder("review") as folder:
        yield from _tested(change, Runner(wanted, command, options), folder, options)


def _why_not(wanted: Range, options: ReviewOptions) -> str:
    if not options.run_tests:
        return "not wanted: --no_tests"
    if wanted.is_strangers and not options.allow_forks:
        return "the code is a stranger's: --allow_forks runs it"
    return ""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the tests of the two commits, each time in a worktree of its own."""

    wanted: Range
    command: str
    options: ReviewOptions

    def measured(self, commit: str, folder: Path) -> tuple[TestResults, Mapping[str, Any] | str]:
        """The tests with coverage."""
        folder.mkdir()
        with worktrees.temporary_worktree(self.wanted.repo, commit) as top:
            measuring = Measuring(folder, top)
            link_environments(self.wanted.repo, top, self.command)
            words = measuring.wrapped(self.command)
            place = temporary_place(self.wanted.repo, top, commit)
            results = capture_at(place, words, self.options.timeout)
            return replace(results, command=self.command), read_coverage(measuring)

    def again(self, commit: str, only: tuple[str, ...]) -> TestResults:
        """Some of the tests, without coverage."""
        return self._captured(commit, only=only)

    def without(self, patch: bytes) -> TestResults:
        """The tests of the head with a patch on it."""
        return self._captured(self.wanted.head, patch=patch)

    def _captured(
        self, commit: str, *, patch: bytes = b"", only: tuple[str, ...] = ()
    ) -> TestResults:
        timeout = self.options.timeout
        return capture_tests(
            self.wanted.repo, commit, self.command, timeout, patch=patch, only=only
        )


def _tested(
    change: Change, runner: Runner, folder: Path, options: ReviewOptions
) -> Iterator[CheckResult]:
    base, _ = runner.measured(change.base, folder / "base")
    head, coverage = runner.measured(change.head, folder / "head")
    suite = Suite(change.base, change.head, base, head, runner.again, change.text)
    yield check_tests(suite)
    yield _timed(partial(check_slower, suite))
    yield check_coverage(change, coverage)
    trial = Trial(head, runner.without, options.budget, reached_lines(coverage))
    yield _timed(partial(check_unpinned, change, trial))
