"""The runs of sweeps that were killed and never resumed are marked as Crashed, and no others."""

from __future__ import annotations

import contextlib
import fcntl
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_kit import get, post
from sweep_kit import wait_for

from sweeptree.engine import living_runs
from sweeptree.engine.dead_sweeps import mark_dead_sweeps
from sweeptree.engine.living_runs import dead_runs
from sweeptree.engine.server import Server
from sweeptree.records import SweepPaths

pytestmark = pytest.mark.engine


def begun(server: Server, repo: Path, name: str, **facts: object) -> tuple[SweepPaths, str]:
    """A sweep and its flow run as a killed process leaves them."""
    flow = post(server, "/flows/", {"name": "experiment-orchestrator"}).json()["id"]
    spec = {"exp_name": name, "repo": str(repo), "commands": ["true"]}
    body = {"flow_id": flow, "parameters": {"spec": spec}, "state": {"type": "RUNNING"}}
    run: str = post(server, "/flow_runs/", body).raise_for_status().json()["id"]
    paths = SweepPaths(repo / "results" / name)
    paths.state.mkdir(parents=True)
    paths.lock.touch()
    told = {"flow_run_id": run, "host": platform.node(), "ended_at": None, **facts}
    paths.sweep.write_text(json.dumps(told))
    return paths, run


def state_of(server: Server, run: str) -> str:
    """The state of a flow run."""
    return str(get(server, f"/flow_runs/{run}").json()["state_name"])


# Other tests' sweeps mark what died as well, so that who did it is not told here.


def test_the_run_of_a_killed_sweep_is_crashed(server: Server, repo: Path) -> None:
    _, run = begun(server, repo, "killed")
    mark_dead_sweeps(server)
    wait_for(lambda: state_of(server, run) == "Crashed")
    assert "killed" not in mark_dead_sweeps(server)


def test_who_only_looks_at_a_killed_sweep_is_not_its_driver(server: Server, repo: Path) -> None:
    paths, run = begun(server, repo, "looked_at")
    with paths.lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        mark_dead_sweeps(server)
        wait_for(lambda: state_of(server, run) == "Crashed")


def test_a_sweep_that_somebody_holds_is_alive(server: Server, repo: Path) -> None:
    paths, run = begun(server, repo, "held")
    with paths.lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "held" not in mark_dead_sweeps(server)
    assert state_of(server, run) == "Running"


@pytest.mark.parametrize(
    "facts",
    [
        {"ended_at": "2026-01-01"},
        {"host": "elsewhere"},
        {"flow_run_id": None},
        {"flow_run_id": "12345678-1234-1234-1234-123456789abc"},
    ],
)
def test_what_is_not_known_to_have_died_stays(
    server: Server, repo: Path, facts: dict[str, str | None]
) -> None:
    _, run = begun(server, repo, "unknown", **facts)
    mark_dead_sweeps(server)
    assert state_of(server, run) == "Running"


NOTED = """
import sys
from pathlib import Path
from sweeptree.engine.living_runs import note_run
note_run(Path(sys.argv[1]), sys.argv[2])
print(flush=True)
input()
"""


@contextlib.contextmanager
def process_of(server: Server, run: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives as the one of a run."""
    argv = [sys.executable, "-c", NOTED, str(server.home), run]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_run_that_lost_its_process_before_its_sweep_began_is_crashed(server: Server) -> None:
    flow = post(server, "/flows/", {"name": "sweep"}).json()["id"]
    body = {"flow_id": flow, "name": "too early", "state": {"type": "RUNNING"}}
    run = post(server, "/flow_runs/", body).json()["id"]
    with process_of(server, run):
        assert "too early" not in mark_dead_sweeps(server)
        assert state_of(server, run) == "Running"
    mark_dead_sweeps(server)
    wait_for(lambda: state_of(server, run) == "Crashed")


def test_a_run_that_has_ended_is_forgotten_and_stays_as_it_is(server: Server) -> None:
    flow = post(server, "/flows/", {"name": "sweep"}).json()["id"]
    body = {"flow_id": flow, "name": "all is well", "state": {"type": "COMPLETED"}}
    run = post(server, "/flow_runs/", body).json()["id"]
    with process_of(server, run):
        mark_dead_sweeps(server)
        assert (living_runs._folder(server.home) / run).exists()
    assert "all is well" not in mark_dead_sweeps(server)
    assert (state_of(server, run), run in dead_runs(server.home)) == ("Completed", False)
