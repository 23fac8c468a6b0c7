"""Run a repository's tests and tell test by test how they ended."""

from __future__ import annotations

from pathlib import Path

from sweeptree.publish.checks.results import TestResults
from sweeptree.repository import Repository


def capture_tests(
    repo: Repository,
    commit: str,
    command: str | None,
    timeout: float,
    *,
    patch: bytes = b"",
    only: tuple[str, ...] = (),
    trace_lines: bool = False,
) -> TestResults:
    """Test a commit, with a patch if there is one, in a fresh worktree that is gone afterwards.

    `command` None: the repository's own; `timeout`: seconds; `only`: run just these node ids (where
    the runner is pytest); `trace_lines`: also tell which lines each test ran.

    Raises Refused when the patch does not apply.
    """
    raise NotImplementedError


def capture_in(
    top: Path,
    command: str,
    timeout: float,
    *,
    commit: str = "",
    subfolder: Path = Path(),
    only: tuple[str, ...] = (),
    trace_lines: bool = False,
) -> TestResults:
    """The same in a worktree that the caller holds, with its files as they are.

    `subfolder`: where in it the command runs.
    """
    raise NotImplementedError
