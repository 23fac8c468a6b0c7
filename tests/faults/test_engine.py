"""The database of the engine full or locked below a running sweep: the records know all, the exit
code is right."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from e2e.conftest import Cli, ended, environment_of
from fault_kit import fill, states
from sweep_kit import wait_for

from sweeptree.engine.server import ensure, stop
from sweeptree.model import JobState

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
def test_row_31_a_sweep_goes_on_by_its_files(
    cli: Cli, trouble: type[contextlib.AbstractContextManager[None]]
) -> None:
    gate = cli.folder.parent / "gate"
    held = f"echo ready; until test -e {gate}; do sleep 0.1; done"
    argv = ("sweeptree", "run", "-n", "trouble", "--use_worktree", "--parallel", "1")
    with cli.running(*argv, "--commands", f'["{held}", "true"]') as run:
        wait_for(
            lambda: (
                cli.paths("trouble").log(0).exists()
                and "ready" in cli.paths("trouble").log(0).read_text()
            )
        )
        with trouble(Path(cli.env["SWEEPTREE_HOME"])):  # type: ignore[operator]
            gate.touch()
            wait_for(lambda: states(cli.paths("trouble")) == [JobState.SUCCEEDED] * 2)
        code, _, err = ended(run)
    assert (code, "Traceback" in err) == (0, False), err


@pytest.fixture
def lonely(repo: Path, tmp_path: Path) -> Iterator[Cli]:
    """The command line with a home of its own, in which no server has ever run."""
    home = tmp_path / "home"
    home.mkdir()
    yield Cli(repo, environment_of(home, repo.parent))
    stop(home)


def test_row_31_a_sweep_runs_by_its_files_beside_a_broken_database_and_doctor_mends_it(
    lonely: Cli,
) -> None:
    database = Path(lonely.env["SWEEPTREE_HOME"]) / "prefect.db"
    database.write_bytes(b"no database" * 1000)
    ran = lonely.run("broken", "--commands", '["true", "true"]')
    assert (ran.returncode, states(lonely.paths("broken"))) == (0, [JobState.SUCCEEDED] * 2), (
        ran.stderr
    )
    assert (
        ran.stderr.count("runs by its files"),
        ran.stdout.count("sweeptree doctor --repair"),
    ) == (1, 1)
    assert json.loads(lonely.paths("broken").sweep.read_text())["exit_code"] == 0
    assert "database is broken" in lonely.call("sweeptree", "doctor").stdout
    assert "it was moved to" in lonely.call("sweeptree", "doctor", "--repair").stdout
    assert [kept.read_bytes() for kept in database.parent.glob("prefect.db.broken-*")] == [
        b"no database" * 1000
    ]
    assert lonely.call("sweeptree", "server", "start").returncode == 0


class Failing(BaseHTTPRequestHandler):
    """A server that is healthy and can do nothing."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def failing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def test_row_31_a_sweep_that_its_engine_cannot_begin_runs_by_its_files(
    lonely: Cli, failing: str
) -> None:
    once = ("--commands", '["test $SWEEPTREE_ATTEMPT = 2"]')
    first = lonely.run("lame", *once, PREFECT_API_URL=failing)
    assert (first.returncode, states(lonely.paths("lame"))) == (1, [JobState.FAILED]), first.stderr
    again = lonely.call("sweeptree", "resume", "lame", "--failed", PREFECT_API_URL=failing)
    assert (again.returncode, states(lonely.paths("lame"))) == (0, [JobState.SUCCEEDED]), (
        again.stderr
    )
    assert (again.stderr.count("runs by its files"), "Traceback" in again.stderr) == (1, False)
