"""What a run of a repository's tests came to, test by test."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CaseState(StrEnum):
    """How one test ended. `error`: it could not run (a fixture, its teardown, its file)."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"

    @property
    def is_failing(self) -> bool:
        """Whether a person would call it red."""
        return self in (CaseState.FAILED, CaseState.ERROR)


class Runner(StrEnum):
    """Where the results come from: our pytest plugin, a JUnit file, or nothing but the exit
    code."""

    PYTEST = "pytest"
    JUNIT = "junit"
    EXIT_CODE = "exit code"


@dataclass(frozen=True, slots=True)
class Frame:
    """The last place in the user's code that an error went through; `path` from the worktree."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test. A file that could not be collected is a case too: its node id is the file.

    `message`: one line; `trace` and `output`: the last of them; `lines`: what it ran, by file, when
    that was asked for.
    """

    __test__ = False  # pytest: this is no test

    node_id: str
    state: CaseState
    message: str = ""
    trace: str = ""
    output: str = ""
    seconds: float = 0.0
    frame: Frame | None = None
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestResults:
    """What a command's tests came to. Seconds; `tail`: the last of what the command printed.

    `deselected`: tests that the command itself leaves out; `exit_code` None: it was stopped;
    `is_complete`: the runner came to its end; `changed_machinery`: parts of pytest that somebody
    replaced during the run, and plugins that it got; `runner_codes`: the exit codes that pytest
    told of; `excused`: failing tests that a fix need not mend; `early_files`: files of the worktree
    that were loaded before any of its code should be, and plugins of pytest; `written`: files of
    the commit that the run wrote to.
    """

    __test__ = False

    command: str
    commit: str
    runner: Runner
    cases: tuple[TestCase, ...] = ()
    collected: int = 0
    deselected: int = 0
    exit_code: int | None = None
    seconds: float = 0.0
    tail: str = ""
    is_complete: bool = True
    reason: str = ""
    changed_machinery: tuple[str, ...] = ()
    runner_codes: tuple[int, ...] = ()
    excused: frozenset[str] = frozenset()
    early_files: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[str, ...]:
        """The node ids of tests that failed or could not run."""
        return tuple(case.node_id for case in self.cases if case.state.is_failing)

    @property
    def passed(self) -> tuple[str, ...]:
        """The node ids of tests that passed."""
        return self.with_state(CaseState.PASSED)

    @property
    def targets(self) -> tuple[str, ...]:
        """The failing tests that a fix has to mend."""
        return tuple(node_id for node_id in self.failing if node_id not in self.excused)

    @property
    def is_green(self) -> bool:
        """Whether the command succeeded and no test failed."""
        return self.is_complete and self.exit_code == 0 and not self.failing

    def with_state(self, state: CaseState) -> tuple[str, ...]:
        """The node ids of tests in this state."""
        return tuple(case.node_id for case in self.cases if case.state is state)

    def by_id(self) -> dict[str, TestCase]:
        """The cases by their node ids."""
        return {case.node_id: case for case in self.cases}

    def excusing(self, node_ids: Collection[str]) -> TestResults:
        """The same, where these failing tests need not be mended: the environment's errors, flaky
        tests."""
        return dataclasses.replace(self, excused=self.excused | frozenset(node_ids))
