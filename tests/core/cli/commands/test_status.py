"""`sweeptree status`: all sweeps, or the jobs of one, at every width."""

import json
import re
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, held, plan_sweep, put, spawn
from sweeptree.model import JobState
from sweeptree.records import SweepStore, add_notice, read_json
from sweeptree.system.files import write_json


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """An empty results folder."""
    return tmp_path / "results"


def test_a_running_job_shows_the_metric_it_reported_last(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.RUNNING)
    paths.metrics(0).write_text('{"step": 1, "val_auc": 0.61}\n{"step": 2, "val_auc": 0.62}\n')
    with held(paths.attempt(0, 1, "alive")):
        assert "0.6200" in call("status", "unet", "--results_dir", str(results)).out


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


def test_what_people_should_know_of_a_sweep_is_shown_while_it_runs(results: Path) -> None:
    paths = plan_sweep(results)
    words = ("status", "unet", "--results_dir", str(results))
    with SweepStore.open(paths):
        add_notice(paths, "gpu2 cannot be reached; trying again")
        ran = call(*words)
        told = json.loads(call(*words, "--json").out)
    assert re.search(r"  \d\d:\d\d:\d\d gpu2 cannot be reached; trying again\n", ran.out)
    assert [each["text"] for each in told["notices"]] == ["gpu2 cannot be reached; trying again"]
    assert "gpu2" not in call(*words).out


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


@pytest.mark.slow
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


def test_a_diverged_job_says_so(results: Path) -> None:
    with SweepStore.open(plan_sweep(results)) as store:
        put(store, 0, JobState.SUCCEEDED, metrics={}, diverged=("val_auc",))
    assert "diverged" in call("status", "unet", "--results_dir", str(results)).out
    found = json.loads(call("status", "unet", "--json", "--results_dir", str(results)).out)
    assert found["jobs"][0]["diverged"] == ["val_auc"]


def test_a_sweep_over_hosts_names_the_host_of_each_job(results: Path) -> None:
    paths = plan_sweep(results)
    document = read_json(paths.sweep)
    write_json(paths.sweep, {**document, "spec": {**document["spec"], "hosts": ["all"]}})
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.SUCCEEDED, host="gpu2")
    shown = call("status", "unet", "--results_dir", str(results)).out
    told = json.loads(call("status", "unet", "--results_dir", str(results), "--json").out)
    assert re.search(r"ok +gpu2$", shown, re.MULTILINE)
    assert [job["host"] for job in told["jobs"]] == ["gpu2", "", "", ""]


def test_on_one_machine_there_is_no_column_for_it(results: Path) -> None:
    paths = plan_sweep(results)
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.SUCCEEDED, host="here")
    assert "host" not in call("status", "unet", "--results_dir", str(results)).out.split()
