"""`sweeptree run --executor slurm` as a user gives it, and as Prefect shows it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.conftest import Cli, environment_of
from engine.conftest import server as server  # noqa: PLC0414 - the same managed server as the engine tests
from slurm_rig import SlurmRig
from sweep_kit import see

from sweeptree.engine.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.e2e]
TWO = json.dumps(["python3 train.py --seed 1", "exit 3"])


@pytest.fixture
def cli(repo: Path, server: Server, cluster: SlurmRig) -> Iterator[Cli]:
    """The command line in a small repository, on a login node of the cluster."""
    (repo / "sweeptree.toml").write_text('[sweep]\ngrace = "1s"\n')
    environ = {**environment_of(server.home, repo.parent), **cluster.environment}
    yield Cli(repo, environ)


def test_jobs_are_task_runs_as_those_of_any_sweep(cli: Cli, server: Server) -> None:
    options = ("--executor", "slurm", "--slurm", "partition=low,time=10m", "--dirty", "ignore")
    ran = cli.run("wide", "--commands", TWO, *options)
    assert ran.returncode == 1, ran.stderr
    seen = see(server.api_url, cli.paths("wide"), tasks=["run-command 0", "run-command 1"])
    states = {name: run.state_name for name, run in seen.tasks.items()}
    assert states == {"run-command 0": "Completed", "run-command 1": "Failed"}


def test_what_the_cluster_would_not_take_is_refused_before_anything_starts(cli: Cli) -> None:
    options = ("--executor", "slurm", "--slurm", "partition=nowhere", "--dirty", "ignore")
    ran = cli.run("wide", "--commands", TWO, *options)
    assert ran.returncode == 3
    assert "Invalid partition name" in ran.stderr
    assert not os.path.lexists(cli.paths("wide").root)
