"""Run a test command in a worktree, under a keeper, in the user's environment without its secrets.

The one home of what every test run has in common, whoever asks for it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeptree import supervise, worktrees
from sweeptree.model import JobState, Launch, Outcome
from sweeptree.repository import Repository
from sweeptree.system.scratch import scratch_folder

_GRACE = 10.0
_TAIL = 4000
_LOG_CAP = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TestPlace:
    """Where tests run: a worktree, at which commit, and in which of its folders.

    `beside`: where private files of a run go; None: among the machine's temporary files.
    """

    __test__ = False  # pytest: this is no test

    top: Path
    commit: str
    subfolder: Path = Path()
    beside: Path | None = None

    @property
    def cwd(self) -> Path:
        """The folder that the command starts in."""
        folder = self.top / self.subfolder
        return folder if folder.is_dir() else self.top


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: a command as written, its time limit in seconds, variables beside the
    user's, folders to be found by Python."""

    command: str
    timeout: float
    env: Mapping[str, str] = field(default_factory=dict)
    python_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. Seconds; `tail`: the last of what it printed.

    `exit_code` None: it did not end by itself.
    """

    exit_code: int | None
    is_green: bool
    reason: str
    seconds: float
    tail: str


def temporary_place(repo: Repository, top: Path, commit: str) -> TestPlace:
    """A place in a worktree for a moment. What its runs leave beside it goes with it."""
    beside = worktrees.files_beside(top)
    beside.mkdir(mode=0o700)
    return TestPlace(top.resolve(), commit, repo.subfolder, beside)


@contextlib.contextmanager
def private_files(place: TestPlace) -> Iterator[Path]:
    """A folder for the log and the results of one run."""
    with scratch_folder("check", place.beside) as folder:
        yield folder


def link_environments(repo: Repository, top: Path, command: str) -> None:
    """Put the environments that a command names relatively (`.venv/bin/python`) into a worktree."""
    for path in worktrees.named_environments(repo, [command]):
        link = top / path
        if not os.path.lexists(link) and link.parent.is_dir():
            link.symlink_to(repo.start / path)


def run_command(place: TestPlace, order: Order, files: Path) -> Finished:
    """Run a command to its end. `files`: a private folder for its log.

    A failing command is a value, not an error.
    """
    launch = Launch(
        name=f"check:{place.commit[:12]}",
        command=order.command,
        cwd=place.cwd,
        env={**_environment(place, files, order), **order.env},
        log=files / "log",
        alive=files / "alive",
        started=files / "started",
        outcome=files / "outcome",
        timeout=order.timeout,
        grace=_GRACE,
        log_cap=_LOG_CAP,
        outlives_driver=False,
    )
    return _finished(_wait_for(launch), _tail(files / "log"))


def _wait_for(launch: Launch) -> Outcome | None:
    """The command's outcome. Nothing of it runs on when we are interrupted."""
    keeper = supervise.start(launch)
    try:
        return keeper.wait()
    except BaseException:
        keeper.kill()
        keeper.wait(_GRACE)
        raise


def _finished(outcome: Outcome | None, tail: str) -> Finished:
    if outcome is None:
        return Finished(None, False, "their keeper was killed", 0.0, tail)
    seconds = outcome.duration_seconds
    is_green = outcome.state is JobState.SUCCEEDED
    ended_by_itself = outcome.state in (JobState.SUCCEEDED, JobState.FAILED)
    exit_code = outcome.exit_code if ended_by_itself else None
    return Finished(exit_code, is_green, outcome.reason or "", seconds, tail)


def _environment(place: TestPlace, files: Path, order: Order) -> dict[str, str]:
    """What a job would see: no token of any kind. The code of a pull request is a stranger's."""
    variables = supervise.JobVariables(
        exp="check",
        job=0,
        attempt=1,
        seed=None,
        commit=place.commit,
        worktree=place.top,
        out=files,
        metrics=files / "metrics.jsonl",
    )
    env = supervise.job_environment(os.environ, variables)
    env = {name: value for name, value in env.items() if not name.startswith("SWEEPTREE_")}
    env["PYTHONPATH"] = python_path(place.top, order.python_path)
    return env


def python_path(top: Path, before: tuple[str, ...] = ()) -> str:
    """PYTHONPATH for tests in a worktree.

    The worktree's code comes before an editable install of the user's checkout: without this, the
    tests would import that one.
    """
    source = top / "src"
    code = source if source.is_dir() else top
    given = os.environ.get("PYTHONPATH", "")
    own = [] if _hides_library(code) else [str(code)]
    return os.pathsep.join([*before, *own, *([given] if given else [])])


def _hides_library(folder: Path) -> bool:
    """Whether a module there has the name of one of Python's own (`queue.py`).

    Only scripts beside it are meant to find it; pytest itself must not.
    """
    names = {file.stem for file in folder.glob("*.py")}
    names |= {file.parent.name for file in folder.glob("*/__init__.py")} - {"test"}
    return not names.isdisjoint(sys.stdlib_module_names)


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
