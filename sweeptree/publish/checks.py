"""Run the repository's tests on the result of a merge, in a throw-away worktree, without secrets,
under a keeper."""

from __future__ import annotations

import os
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from sweeptree import supervise, worktrees
from sweeptree.errors import UsageError
from sweeptree.model import JobState, Launch
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
    said: str
    seconds: float
    tail: str


def find_test_command(top: Path, given: str | None) -> str:
    """The command that tests the repository: as given, [tool.sweeptree] test_command, `make test`,
    pytest.

    Raises UsageError when there is none to be found.
    """
    if given is not None:
        return given
    return _configured(top / "pyproject.toml") or _guessed(top)


def _configured(file: Path) -> str | None:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    command = table.get("tool", {}).get("sweeptree", {}).get("test_command")
    return command if isinstance(command, str) else None


def _guessed(top: Path) -> str:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        file = top / name
        if file.is_file() and any(
            line.startswith("test:") for line in file.read_text("utf-8", "replace").splitlines()
        ):
            return "make test"
    if (top / "tests").is_dir():
        return "python3 -m pytest -q"
    raise UsageError(
        "the repository says nowhere how it is tested",
        hint=(
            "give --test_command 'pytest -q'",
            "or write test_command under [tool.sweeptree] in pyproject.toml",
        ),
    )


def run_tests(repo: Repository, commit: str, command: str | None, timeout: float) -> TestRun:
    """Test one commit. A failing command is a value, not an error."""
    with (
        worktrees.temporary_worktree(repo, commit) as top,
        tempfile.TemporaryDirectory(prefix="sweeptree-merge-") as folder,
    ):
        words, place = find_test_command(top, command), Path(folder)
        launch = Launch(
            name=f"merge-test:{commit[:12]}",
            command=words,
            cwd=top / repo.subfolder if (top / repo.subfolder).is_dir() else top,
            env=_environment(top, place, commit),
            log=place / "log",
            alive=place / "alive",
            started=place / "started",
            outcome=place / "outcome",
            timeout=timeout,
            grace=_GRACE,
            log_cap=0,
        )
        outcome = supervise.start(launch).wait()
        tail = _tail(place / "log")
    if outcome is None:
        return TestRun(words, commit, False, "their keeper was killed", 0.0, tail)
    is_green = outcome.state is JobState.SUCCEEDED
    said = f"green after {outcome.duration_seconds:.1f} s" if is_green else f"red: {outcome.reason}"
    return TestRun(words, commit, is_green, said, outcome.duration_seconds, tail)


def _environment(top: Path, place: Path, commit: str) -> dict[str, str]:
    """What a job would see: no token of any kind. The code of a pull request is a stranger's."""
    variables = supervise.JobVariables(
        exp="merge",
        job=0,
        attempt=1,
        seed=None,
        commit=commit,
        worktree=top,
        out=place,
        metrics=place / "metrics.jsonl",
    )
    env = supervise.job_environment(os.environ, variables)
    return {name: value for name, value in env.items() if not name.startswith("SWEEPTREE_")}


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-_TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
