"""`sweeptree status`: what runs, waits, is lost or done, from records and flocks alone."""

import json
import os
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, held, plan_sweep, put, spawn
from sweeptree.cli.screens.view import view_sweep
from sweeptree.gpus import slots
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore, read_json
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


def test_a_running_job_shows_the_metric_it_reported_last(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING)
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.61}\n{"step": 2, "val_auc": 0.62}\n')
    with held(paths.attempt(0, 1, "alive")):
        assert "0.6200" in call("status", "unet", "--results_dir", str(results)).out


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


def test_a_job_that_waits_for_room_says_so(results: Path) -> None:
    paths = plan_sweep(results)
    least = {"places": [str(results)], "least": 2**34}
    write_json(paths.sweep, {**read_json(paths.sweep), "room": least})
    with SweepStore.open(paths):
        ran = call("status", "unet", "--results_dir", str(results))
        told = json.loads(call("status", "unet", "--results_dir", str(results), "--json").out)
    assert (
        "no job starts until there is room" in ran.out
        and ran.out.count("for room on the disk") == 4
    )
    assert f"free at {results}" in told["waits_for"]
    assert "room" not in call("status", "unet", "--results_dir", str(results)).out


def test_a_stopped_sweep_names_the_command_that_goes_on(results: Path) -> None:
    plan_sweep(results)
    line = "sweeptree resume unet"
    assert line in call("status", "--results_dir", str(results)).out
    assert line in call("status", "unet", "--results_dir", str(results)).out


def test_json_is_one_document(results: Path) -> None:
    finished_sweep(results, failed=(2,))
    document = json.loads(call("status", "unet", "--json", "--results_dir", str(results)).out)
    assert document["states"] == {"succeeded": 3, "failed": 1}
    assert [job["id"] for job in document["jobs"]] == [0, 1, 2, 3]


def test_no_sweeps_is_said_on_stderr(tmp_path: Path) -> None:
    ran = call("status", "--results_dir", str(tmp_path))
    assert (ran.code, ran.out) == (0, "") and "no sweep in" in ran.err


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


@pytest.mark.parametrize("room", ["60", "80", "120"])
def test_metric_seed_and_state_are_never_hidden(
    results: Path, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(
            store,
            0,
            JobState.FAILED,
            config_id="a-very-long-config-" * 4,
            reason="exit code 1 " * 9,
            metrics={"val_auc": 0.5},
        )
    monkeypatch.setenv("COLUMNS", room)
    lines = call("status", "unet", "--results_dir", str(results)).out.splitlines()
    head = next(line for line in lines if "config" in line)
    assert {"seed", "state", "val_auc"} <= set(head.split())
    assert all(len(line) <= int(room) for line in lines[lines.index(head) : lines.index(head) + 5])


def test_hidden_columns_are_named(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished_sweep(results, "a-long-name-for-a-sweep-that-leaves-no-room")
    monkeypatch.setenv("COLUMNS", "60")
    assert "hidden at this width: DRIVEN BY" in call("status", "--results_dir", str(results)).out


def test_a_large_sweep_is_cut_and_says_so(results: Path) -> None:
    finished_sweep(results, jobs=60, failed=(50,))
    out = call("status", "unet", "--results_dir", str(results)).out
    assert "\n   50  " in out and "59 more jobs:  sweeptree status unet --all" in out
    assert call("status", "unet", "--all", "--results_dir", str(results)).out.count("\n") > 60


def test_from_a_subfolder_of_the_repository(repo: Path) -> None:
    finished_sweep(repo / "results")
    assert b"unet" in spawn("status", cwd=repo / "ecg").stdout


def test_a_path_names_a_sweep(results: Path) -> None:
    paths = finished_sweep(results)
    assert "4 ok" in call("status", str(paths.root)).out


def test_control_characters_are_not_printed(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.FAILED, config_id="\x1b]0;title\x07", reason="\x1b[2J")
    assert "\x1b" not in call("status", "unet", "--results_dir", str(results)).out
