"""Servers that die below a running sweep: the managed one comes back, another does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Cli, ended, environment_of
from server_kit import get
from sweep_kit import states_of, wait_for

from sweeptree.engine.server import Server, access, ensure, status, stop
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, read_json

pytestmark = [pytest.mark.engine, pytest.mark.e2e]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("mortal server")
    yield folder
    stop(folder)


@pytest.fixture
def mortal(home: Path) -> Server:
    """A server that nothing else uses."""
    return ensure(home, 0)


def run_of(server: Server, paths: SweepPaths) -> dict[str, str]:
    """The flow run of a sweep, as soon as it has ended."""
    run_id = read_json(paths.sweep)["flow_run_id"]

    def look() -> dict[str, str] | None:
        run: dict[str, str] = get(server, f"/flow_runs/{run_id}").raise_for_status().json()
        return run if run["end_time"] else None

    return wait_for(look)


def sweep_with_a_death(cli: Cli, victim: Server, **env: str) -> tuple[int, str, str]:
    """A sweep of four jobs, whose server is killed while the first job runs."""
    gate = cli.folder.parent / "gate"
    held = f"echo ready; until test -e {gate}; do sleep 0.1; done"
    argv = ("sweeptree", "run", "-n", "death", "--use_worktree", "--parallel", "1")
    with cli.running(*argv, "--commands", f'["{held}", "true", "true", "true"]', **env) as run:
        wait_for(
            lambda: (
                cli.paths("death").log(0).exists()
                and cli.paths("death").log(0).read_text() == "ready\n"
            )
        )
        os.kill(victim.pid, signal.SIGKILL)
        gate.touch()
        return ended(run)


def test_a_killed_managed_server_comes_back_and_knows_the_end(repo: Path, mortal: Server) -> None:
    cli = Cli(repo, environment_of(mortal.home, repo.parent))
    code, out, err = sweep_with_a_death(cli, mortal)
    assert (code, states_of(cli.paths("death"))) == (0, [JobState.SUCCEEDED] * 4)
    assert ([out.count("the Prefect server was away"), "Traceback" in err]) == [1, False]
    again = status(mortal.home)
    assert again is not None
    assert (again.port, again.pid != mortal.pid) == (mortal.port, True)
    assert run_of(again, cli.paths("death"))["state_name"] == "Completed"


def test_a_sweep_outlives_a_foreign_server_and_its_process_ends(
    repo: Path, mortal: Server, tmp_path: Path
) -> None:
    cli = Cli(repo, environment_of(tmp_path / "another home", repo.parent))
    code, out, err = sweep_with_a_death(cli, mortal, **access(mortal))
    assert (code, states_of(cli.paths("death"))) == (0, [JobState.SUCCEEDED] * 4)
    assert (out.count("the Prefect server failed"), "Traceback" in err) == (1, False)
    assert cli.paths("death").report.is_file() and "report.html" in out
    assert status(tmp_path / "another home") is None
