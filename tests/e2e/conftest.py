"""Whole commands as a user gives them: a repository, the command line in processes of its own, one
shared server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine.conftest import server as server  # noqa: PLC0414 - the same managed server as the engine tests
from sweep_kit import processes_under

from sweeptree.engine.server import Server
from sweeptree.records import SweepPaths

BIN = Path(sys.executable).parent
LONGEST = 200.0  # seconds for one command, however busy the machine is


@dataclass(frozen=True)
class Cli:
    """The command line in one folder, under one environment."""

    folder: Path
    env: Mapping[str, str]

    def call(self, *argv: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """One program to its end; `sweeptree` and `prefect` are those of this environment."""
        words = [str(BIN / argv[0]), *map(str, argv[1:])]
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )

    def run(self, name: str, *argv: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """`sweeptree run` of the sweep `name` in worktrees."""
        return self.call("sweeptree", "run", "--exp_name", name, "--use_worktree", *argv, **env)

    @contextmanager
    def running(self, *argv: str | Path, **env: str) -> Iterator[subprocess.Popen[str]]:
        """A program that is still running; in the end it is asked to stop, then killed."""
        words, pipe = [str(BIN / argv[0]), *map(str, argv[1:])], subprocess.PIPE
        with subprocess.Popen(
            words, cwd=self.folder, env={**self.env, **env}, stdout=pipe, stderr=pipe, text=True
        ) as process:
            try:
                yield process
            finally:
                for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                    _end(process, number)

    def paths(self, name: str) -> SweepPaths:
        """The results of the sweep `name`."""
        return SweepPaths(self.folder / "results" / name)


def _end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        if process.poll() is None:
            process.send_signal(number)
            process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        pass


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end of a program: its exit code, stdout, stderr."""
    out, err = process.communicate(timeout=LONGEST)
    return process.returncode, out, err


def environment_of(home: Path, folder: Path) -> dict[str, str]:
    """The sealed environment, with the managed server of `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    port = {
        "SWEEPTREE_HOME": str(home),
        "SWEEPTREE_SERVER_PORT": "0",
        "SWEEPTREE_SLOT_DIR": str(folder / "slots"),
    }
    return {**kept, **port, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def cli(repo: Path, server: Server) -> Iterator[Cli]:
    """The command line in a small repository, with the shared server.

    Jobs outlive a killed sweep, but not the test.
    """
    yield Cli(repo, environment_of(server.home, repo.parent))
    for process in processes_under(repo):
        with suppress(ProcessLookupError):
            os.kill(int(process.split()[0]), signal.SIGKILL)
