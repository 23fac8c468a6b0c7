"""The database of the engine full or locked below a running sweep: the records know all, the exit code is right."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.conftest import Cli, ended, environment_of
from fault_kit import fill, states
from sweep_kit import wait_for

from sweeptree.model import JobState
from sweeptree.server import ensure, stop

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.timeout(280)]


@pytest.fixture
def cli(repo: Path, small_disk: Path) -> Iterator[Cli]:
    """The command line, with a server of its own whose files stand on a small disk."""
    home = small_disk / "home"
    ensure(home, 0)
    yield Cli(repo, environment_of(home, repo.parent))
    stop(home)


@contextlib.contextmanager
def full(home: Path) -> Iterator[None]:
    """Not a byte is free."""
    ballast = fill(home.parent)
    yield
    ballast.unlink()


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Somebody holds the database for himself."""
    (database,) = home.rglob("*.db")
    with contextlib.closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("trouble", [full, locked])
def test_row_31_a_sweep_goes_on_by_its_files(cli: Cli, trouble: type[contextlib.AbstractContextManager[None]]) -> None:
    gate = cli.folder.parent / "gate"
    held = f"echo ready; until test -e {gate}; do sleep 0.1; done"
    argv = ("sweeptree", "run", "-n", "trouble", "--use_worktree", "--parallel", "1")
    with cli.running(*argv, "--commands", f'["{held}", "true"]') as run:
        wait_for(lambda: cli.paths("trouble").log(0).exists() and "ready" in cli.paths("trouble").log(0).read_text())
        with trouble(Path(cli.env["SWEEPTREE_HOME"])):  # type: ignore[operator]
            gate.touch()
            wait_for(lambda: states(cli.paths("trouble")) == [JobState.SUCCEEDED] * 2)
        code, _, err = ended(run)
    assert (code, "Traceback" in err) == (0, False), err
