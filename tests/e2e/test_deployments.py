"""`prefect deployment run sweep/nightly`, by Prefect's own commands in a fresh clone and after
`sweeptree deploy`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Cli, ended, environment_of
from core.publish.notify.far_side import far_side
from helpers import git
from server_kit import get, post
from sweep_kit import states_of, wait_for

from sweeptree.engine.server import Server, environment, status, stop
from sweeptree.engine.server.worker import stop_worker, worker_pid
from sweeptree.model import JobState
from sweeptree.records import SweepPaths

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_LOGGING_LEVEL": "ERROR"}
SHOWS_ITS_ENV = {
    "exp_name": "nightly",
    "dated": True,
    "commands": ["env"],
    "use_worktree": True,
    "dirty": "ignore",
}
NIGHTLY = ("prefect", "deployment", "run", "sweep/nightly", "--watch")


@pytest.fixture
def clone(git_env: Path, tmp_path: Path) -> Path:
    """What a user has after `git clone` of this repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("these sources are no git repository")
    git("clone", "-q", "--no-hardlinks", ROOT, tmp_path / "clone", cwd=tmp_path)
    return tmp_path / "clone"


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home of deploy"
    yield home
    stop_worker(home)
    stop(home)


def only_sweep(folder: Path) -> SweepPaths:
    """The one sweep that the nightly deployment has left in a repository."""
    (root,) = (folder / "results").glob("nightly-*")
    return SweepPaths(root)


def scheduled(server: Server) -> list[dict[str, str]]:
    """The runs that the server's scheduler has made of the nightly deployment's schedule."""
    chosen = {
        "deployments": {"name": {"any_": ["nightly"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    answer = post(server, "/flow_runs/filter", chosen).raise_for_status()
    found: list[dict[str, str]] = answer.json()
    return found


def test_prefects_own_commands_deploy_and_run_the_nightly_sweep(
    clone: Path, server: Server
) -> None:
    env = {
        **environment_of(server.home, clone.parent),
        **environment(server),
        **QUICK,
        "PWD": str(clone),
    }
    cli = Cli(clone, env)
    made = cli.call("prefect", "work-pool", "create", "local", "--type", "process")
    deployed = cli.call("prefect", "--no-prompt", "deploy", "--all")
    assert (made.returncode, deployed.returncode) == (0, 0), (
        made.stderr + deployed.stdout + deployed.stderr
    )
    with Cli(clone.parent, env).running("prefect", "worker", "start", "--pool", "local"):
        ran = cli.call(*NIGHTLY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert states_of(only_sweep(clone)) == [JobState.SUCCEEDED]
    assert only_sweep(clone).aggregated_csv.exists()
    deployment = get(server, "/deployments/name/sweep/nightly").raise_for_status().json()
    assert [schedule["schedule"]["cron"] for schedule in deployment["schedules"]] == ["0 2 * * *"]


def test_deploy_does_it_in_one_step_and_server_stop_ends_it(repo: Path, own_home: Path) -> None:
    cli = Cli(repo, {**environment_of(own_home, repo.parent), **QUICK})
    deployed = cli.call("sweeptree", "deploy")
    assert deployed.returncode == 0, deployed.stderr
    server = status(own_home)
    assert server is not None
    assert "Next:  prefect deployment run sweep/nightly --watch" in deployed.stdout
    nights = wait_for(lambda: scheduled(server), 60)
    assert {night["next_scheduled_start_time"][14:19] for night in nights} == {"00:00"}
    ran = cli.call(*NIGHTLY)
    assert (ran.returncode, states_of(only_sweep(repo))) == (0, [JobState.SUCCEEDED]), (
        ran.stdout + ran.stderr
    )
    assert cli.call("sweeptree", "server", "stop").returncode == 0
    assert (status(own_home), worker_pid(own_home)) == (None, None)


def test_the_end_of_a_night_is_told_as_sweeptree_toml_says(repo: Path, own_home: Path) -> None:
    (repo / "sweeptree.toml").write_text('[notify]\nurls = ["json://${NIGHT_HOOK}"]\n')
    with far_side() as side:
        hook = {"NIGHT_HOOK": side.url.removeprefix("json://")}
        cli = Cli(repo, {**environment_of(own_home, repo.parent), **QUICK, **hook})
        assert cli.call("sweeptree", "deploy").returncode == 0
        assert cli.call(*NIGHTLY, "--params", json.dumps({"spec": SHOWS_ITS_ENV})).returncode == 0
    sweep = only_sweep(repo).root
    assert [got["title"] for got in side.got] == [f"{sweep.name} finished"]
    kept = [
        path.read_bytes() for path in (*sweep.rglob("*"), *own_home.rglob("*")) if is_file(path)
    ]
    assert not [data for data in kept if b"hook-secret" in data]


def is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def test_a_killed_worker_costs_no_job_and_server_start_starts_another(
    repo: Path, own_home: Path
) -> None:
    cli = Cli(repo, {**environment_of(own_home, repo.parent), **QUICK})
    assert cli.call("sweeptree", "deploy").returncode == 0
    server, first, gate = status(own_home), worker_pid(own_home), repo.parent / "gate"
    assert server is not None and first is not None
    spec = {"exp_name": "held", "use_worktree": True, "parallel": 1, "dirty": "ignore"}
    spec |= {"commands": [f"echo ready; until test -e {gate}; do sleep 0.1; done", "true"]}
    with cli.running(*NIGHTLY, "--params", json.dumps({"spec": spec})) as run:
        wait_for(
            lambda: (
                cli.paths("held").log(0).exists()
                and cli.paths("held").log(0).read_text() == "ready\n"
            )
        )
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: worker_pid(own_home) is None)
        gate.touch()
        assert ended(run)[0] == 0
    assert states_of(cli.paths("held")) == [JobState.SUCCEEDED] * 2
    assert cli.call("sweeptree", "server", "start").returncode == 0
    assert worker_pid(own_home) not in (None, first)
