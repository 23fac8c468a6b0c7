"""A sweep on a machine with two GPUs (a fake driver under the real pynvml)."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from conftest import Cli, environment_of
from nvml import FakeDriver, build
from server_kit import client_of, get
from sweep_kit import Seen, make_repository, records_of, seal, see

from sweeptree.engine.server import Server
from sweeptree.model import JobRecord
from sweeptree.records import SweepPaths

# One process: two would share the machine's limit.
pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.xdist_group("gpu-sweep")]

# Ends when four keepers have begun: two that have a GPU, and two that wait for one.
BEGUN = "ls ../../../../results/gpus/.state/*.alive | wc -l"
# Two more have come, and wait for at least as long as the last sleep.
COMMAND = f"echo $CUDA_VISIBLE_DEVICES; until [ $({BEGUN}) -ge 4 ]; do sleep 0.1; done; sleep 0.2"
HOST = platform.node()


@dataclass(frozen=True)
class Ran:
    """The sweep after its end: its results, its records by number, what the engine shows of it."""

    paths: SweepPaths
    records: dict[int, JobRecord]
    seen: Seen

    def on(self, uuid: str) -> list[JobRecord]:
        """The jobs of one GPU in the order of their starts."""
        jobs = [record for record in self.records.values() if record.gpus == (uuid,)]
        return sorted(jobs, key=lambda record: str(record.start_time))


@pytest.fixture(scope="module")
def ran(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Six jobs on two GPUs."""
    folder = tmp_path_factory.mktemp("gpus")
    driver = FakeDriver(build(folder), folder / "gpus.conf")
    driver.configure("gpu mem=24576 name=NVIDIA_A10", "gpu mem=24576 name=NVIDIA_A10")
    with pytest.MonkeyPatch.context() as patch:
        seal(patch, folder)
        cli = Cli(
            make_repository(folder / "repo"),
            environment_of(server.home, folder) | driver.environment,
        )
        done = cli.run("gpus", "--commands", json.dumps([COMMAND] * 6), "--timeout", "100s")
        assert done.returncode == 0, done.stdout
        paths = cli.paths("gpus")
        yield Ran(
            paths,
            records_of(paths),
            see(server.api_url, paths, tasks=[f"run-command {n}" for n in range(6)]),
        )


def test_two_jobs_never_share_a_gpu(ran: Ran) -> None:
    uuids = {uuid for record in ran.records.values() for uuid in record.gpus}
    assert (len(uuids), [len(record.gpus) for record in ran.records.values()]) == (2, [1] * 6)
    for uuid in uuids:
        for before, after in pairwise(ran.on(uuid)):
            assert str(before.end_time) <= str(after.start_time)


def test_a_job_sees_its_gpu_and_no_other(ran: Ran) -> None:
    for index, record in ran.records.items():
        assert ran.paths.log(index).read_text() == f"{record.gpus[0]}\n"


def test_jobs_wait_for_a_gpu_beside_those_that_have_one(ran: Ran) -> None:
    assert [record.reason for record in ran.records.values()] == [None] * 6
    waits = [
        json.loads(ran.paths.attempt(n, 1, "outcome").read_text())["waited_seconds"]
        for n in range(6)
    ]
    assert len([wait for wait in waits if wait > 0.05]) >= 2


def test_the_commands_are_tagged_and_the_worktrees_are_not(ran: Ran) -> None:
    tags = {name: set(task.tags) for name, task in ran.seen.tasks.items()}
    assert all({"gpu", f"gpu:{HOST}"} <= tags[f"run-command {n}"] for n in range(6))
    assert not any(found for name, found in tags.items() if name.startswith("create-worktree"))
    assert "gpu:NVIDIA A10" in ran.seen.run.tags


def test_a_command_is_pending_until_the_limit_lets_it_pass(ran: Ran, server: Server) -> None:
    with client_of(server) as client:
        states = client.read_task_run_states(ran.seen.tasks["run-command 0"].id)
    assert sorted(str(state.name) for state in states) == ["Completed", "Pending", "Running"]


@pytest.mark.usefixtures("ran")
def test_the_limit_holds_the_slots_and_as_many_waiting_jobs(server: Server) -> None:
    limit = get(server, f"/v2/concurrency_limits/tag:gpu:{HOST}").raise_for_status().json()
    assert (limit["limit"], limit["active_slots"]) == (4, 0)
