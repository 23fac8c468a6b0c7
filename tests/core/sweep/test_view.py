"""A sweep as it is now: running, waiting, lost or done, from records and flocks alone."""

import os
from pathlib import Path

import pytest

from core.cli_records import finished_sweep, held, plan_sweep, put
from sweeptree.gpus import slots
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore, read_json
from sweeptree.sweep.view import view_sweep
from sweeptree.system.clock import utc_now
from sweeptree.system.files import write_json


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """An empty results folder."""
    return tmp_path / "results"


def test_a_finished_sweep(results: Path) -> None:
    view = view_sweep(finished_sweep(results, failed=(1,)))
    assert view.state == "finished" and not view.resumable
    assert view.counts == {"succeeded": 3, "failed": 1}
    assert view.best == pytest.approx(0.93)


def test_the_best_of_a_loss_is_the_smallest(results: Path) -> None:
    paths = plan_sweep(results, metric="loss:min")
    with SweepStore.open(paths) as store:
        for n, loss in enumerate((0.4, 0.2, 0.3)):
            put(store, n, JobState.SUCCEEDED, metrics={"loss": loss})
    assert view_sweep(paths).best == 0.2


def test_a_job_whose_keeper_lives_runs(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING, start_time=utc_now())
    with held(paths.attempt(0, 1, "alive")):
        view = view_sweep(paths)
    assert view.state == "detached" and view.jobs[0].alive
    assert view.jobs[0].state == "running" and view.jobs[0].seconds is not None


def test_a_job_without_keeper_and_outcome_is_lost(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING)
    paths.attempt(0, 1, "alive").touch()
    view = view_sweep(paths)
    assert view.jobs[0].state == "lost" and view.state == "stopped" and view.resumable


@pytest.mark.parametrize("begun", [0, 1])
def test_a_keeper_without_a_started_command_waits_for_a_slot(results: Path, begun: int) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING)
        put(store, 0, JobState.PLANNED)
        with held(paths.attempt(0, begun + 1, "alive")):
            job = view_sweep(paths).jobs[0]
    assert (job.state, job.note) == ("waiting", "for a GPU slot")


def test_a_job_that_waits_for_a_gpu_tells_who_is_in_its_way(results: Path, tmp_path: Path) -> None:
    paths, root = plan_sweep(results), str(tmp_path / "slots")
    write_json(paths.sweep, {**read_json(paths.sweep), "slot_dir": root})
    with SweepStore.open(paths) as store, slots.enqueue(root, paths.launch_name(0, 1)) as ticket:
        put(store, 0, JobState.PLANNED)
        ticket._want(("GPU-0",), "busy: other processes use GPU 0")
        with held(paths.attempt(0, 1, "alive")):
            job = view_sweep(paths).jobs[0]
    assert job.note == "for a GPU slot (busy: other processes use GPU 0)"


def test_a_planned_job_waits_for_its_turn_while_somebody_drives(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths):
        driven = view_sweep(paths)
    assert (
        driven.state == "running"
        and driven.driver is not None
        and driven.driver["pid"] == os.getpid()
    )
    assert {job.note for job in driven.jobs} == {"for its turn"}
    assert {job.note for job in view_sweep(paths).jobs} == {"not started"}


def test_a_folder_of_bare_records_is_read_too(results: Path) -> None:
    root = results / "old"
    root.mkdir(parents=True)
    (root / "summary.json").write_text('{"exp_name": "old"}')
    (root / "job_0.meta.json").write_text('{"id": 0, "cmd": "true", "exit_code": 0}')
    (root / "job_3.meta.json").write_text('{"id": 3, "cmd": "false", "exit_code": 1}')
    (root / "job_4.meta.json").write_text("torn")
    assert view_sweep(SweepPaths(root)).counts == {"succeeded": 1, "failed": 1}


def test_torn_files_do_not_stop_the_view(results: Path) -> None:
    paths = finished_sweep(results)
    paths.sweep.write_text('{"jobs": [{"id"')
    with paths.ledger.open("a") as ledger:
        ledger.write('{"id": 1, "st')
    assert view_sweep(paths).counts == {"succeeded": 4}


@pytest.mark.parametrize("jobs", [[{"id": "a"}, {"id": 0}, {"id": [1]}, 5], 7, {"id": 1}])
def test_a_plan_of_another_hand_does_not_stop_the_view(tmp_path: Path, jobs: object) -> None:
    paths = SweepPaths(tmp_path / "results" / "exp")
    with SweepStore.open(paths) as store:
        store.update(0, cmd="true", state=JobState.SUCCEEDED)
    write_json(paths.sweep, {"exp_name": "exp", "jobs": jobs})
    assert [job.index for job in view_sweep(paths).jobs] == [0]


def over_hosts(results: Path) -> SweepPaths:
    """A sweep on gpu2, whose first job runs there."""
    paths = plan_sweep(results)
    document = read_json(paths.sweep)
    spec = {**document["spec"], "hosts": ["gpu2"]}
    write_json(paths.sweep, {**document, "spec": spec})
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING, start_time=utc_now(), host="gpu2")
    return paths


def test_a_job_on_a_host_runs_while_somebody_follows_it(results: Path) -> None:
    paths = over_hosts(results)
    with SweepStore.open(paths):
        job = view_sweep(paths).jobs[0]
    assert (job.state, job.host, job.alive, job.note) == ("running", "gpu2", True, "")
    assert job.seconds is not None


def test_without_a_driver_it_goes_on_there_and_is_not_called_lost(results: Path) -> None:
    view = view_sweep(over_hosts(results))
    assert view.jobs[0].state == "running" and view.resumable
    assert view.jobs[0].note == "goes on on gpu2; nobody follows it"


def test_on_one_machine_no_host_is_named(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.SUCCEEDED, host="here")
    assert view_sweep(paths).jobs[0].host == ""


def on_cluster(results: Path) -> SweepPaths:
    """A sweep on the nodes of a Slurm cluster."""
    paths = plan_sweep(results)
    document = read_json(paths.sweep)
    write_json(paths.sweep, {**document, "spec": {**document["spec"], "executor": "slurm"}})
    return paths


def test_a_job_on_a_node_is_shown_with_it(results: Path) -> None:
    paths = on_cluster(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING, start_time=utc_now(), host="n1")
    with held(paths.attempt(0, 1, "alive")):
        job = view_sweep(paths).jobs[0]
    assert (job.state, job.host) == ("running", "n1")


def test_a_job_that_is_made_ready_on_a_node_says_so(results: Path) -> None:
    paths = on_cluster(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.PLANNED)
    alive = paths.attempt(0, 1, "alive")
    alive.write_text('{"host": "n2"}')
    with held(alive):
        first, second, *_ = view_sweep(paths).jobs
    assert (first.host, first.note) == ("n2", "for its worktree and set-up")
    assert (second.host, second.note) == ("", "not started")


def test_a_job_whose_keeper_died_on_its_node_is_lost(results: Path) -> None:
    paths = on_cluster(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING, host="n1")
    paths.attempt(0, 1, "alive").touch()
    assert view_sweep(paths).jobs[0].state == "lost"
