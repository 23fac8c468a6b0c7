"""Run a repository's tests on one commit: green or red, whatever they are written in."""

from __future__ import annotations

from dataclasses import dataclass

from sweeptree import worktrees
from sweeptree.publish.checks.command import find_test_command
from sweeptree.publish.checks.running import (
    Finished,
    Order,
    link_environments,
    private_files,
    run_command,
    temporary_place,
)
from sweeptree.repository import Repository


@dataclass(frozen=True, slots=True)
class TestRun:
    """How the tests of one commit ended. Seconds; `tail`: the last of what they printed."""

    __test__ = False  # pytest: this is no test

    command: str
    commit: str
    is_green: bool
    summary: str
    seconds: float
    tail: str


def run_tests(repo: Repository, commit: str, command: str | None, timeout: float) -> TestRun:
    """Test one commit. A failing command is a value, not an error.

    `command` None: the repository's own; `timeout`: seconds after which the tests count as red.
    """
    with worktrees.temporary_worktree(repo, commit) as top:
        words = find_test_command(top, command)
        link_environments(repo, top, words)
        place = temporary_place(repo, top, commit)
        with private_files(place) as files:
            finished = run_command(place, Order(words, timeout), files)
        return _test_run(words, commit, finished)


def _test_run(command: str, commit: str, finished: Finished) -> TestRun:
    green = f"green after {finished.seconds:.1f} s"
    summary = green if finished.is_green else f"red: {finished.reason}"
    return TestRun(
        command=command,
        commit=commit,
        is_green=finished.is_green,
        summary=summary,
        seconds=finished.seconds,
        tail=finished.tail,
    )
