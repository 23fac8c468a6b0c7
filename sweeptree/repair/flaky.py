"""Tests that fail now and then: each is run again alone, and all of them in their order twice.

One that passes in any of these is flaky, or depends on the tests before it: no patch is proposed
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sweeptree.publish.checks import Runner, TestResults
from sweeptree.repair.failures import FailureReport

ROUNDS = 2
MOST_ALONE = 20  # processes; more failing tests than that are run again together only
Rerun = Callable[[tuple[str, ...]], TestResults]


def find_flaky(report: FailureReport, rerun: Rerun) -> dict[str, str]:
    """The real failures that pass when they are run again: node id, and in which way.

    `rerun` runs only the named tests, in a fresh worktree; an empty tuple: the whole command.
    """
    found: dict[str, str] = {}
    for names, how in _reruns(report):
        left = tuple(name for name in names if name not in found)
        if names and not left:
            continue
        passed = _passed(rerun(left), report)
        found.update({name: how for name in passed if name not in found})
    return found


def _reruns(report: FailureReport) -> Iterator[tuple[tuple[str, ...], str]]:
    names = tuple(case.node_id for case in report.real)
    if not names:
        return
    if report.results.runner is not Runner.PYTEST:  # nobody knows how to run one test alone
        yield from [((), "it passed when the same command was run again")] * ROUNDS
        return
    yield from [(names, "it passed when it was run again")] * ROUNDS
    if 1 < len(names) <= MOST_ALONE:
        for name in names:
            yield (name,), "it passes alone: it depends on the tests before it"


def _passed(results: TestResults, report: FailureReport) -> set[str]:
    if results.runner is Runner.EXIT_CODE:
        names = {case.node_id for case in report.real}
        return names if results.is_green else set()
    return set(results.passed)
