"""Run a repository's tests on one commit, under a keeper."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise, worktrees
from sweeptree.model import JobState, Launch, Outcome
from sweeptree.publish.checks.command import find_test_command
from sweeptree.repository import Repository

_GRACE = 10.0
_TAIL = 4000


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
        files = worktrees.files_beside(top)
        files.mkdir(mode=0o700)
        words = find_test_command(top, command)
        subfolder = top / repo.subfolder
        launch = Launch(
            name=f"check:{commit[:12]}",
            command=words,
            cwd=subfolder if subfolder.is_dir() else top,
            env=_environment(top, files, commit),
            log=files / "log",
            alive=files / "alive",
            started=files / "started",
            outcome=files / "outcome",
            timeout=timeout,
            grace=_GRACE,
            log_cap=0,
            outlives_driver=False,
        )
        outcome = supervise.start(launch).wait()
        return _test_run(words, commit, outcome, _tail(files / "log"))


def _test_run(command: str, commit: str, outcome: Outcome | None, tail: str) -> TestRun:
    if outcome is None:
        return TestRun(command, commit, False, "their keeper was killed", 0.0, tail)
    seconds = outcome.duration_seconds
    is_green = outcome.state is JobState.SUCCEEDED
    summary = f"green after {seconds:.1f} s" if is_green else f"red: {outcome.reason}"
    return TestRun(command, commit, is_green, summary, seconds, tail)


def _environment(top: Path, files: Path, commit: str) -> dict[str, str]:
    """What a job would see: no token of any kind. The code of a pull request is a stranger's."""
    variables = supervise.JobVariables(
        exp="check",
        job=0,
        attempt=1,
        seed=None,
        commit=commit,
        worktree=top,
        out=files,
        metrics=files / "metrics.jsonl",
    )
    env = supervise.job_environment(os.environ, variables)
    return {name: value for name, value in env.items() if not name.startswith("SWEEPTREE_")}


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-_TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
