"""`sweeptree show` and `aggregate`: the leaderboard from the aggregates, fresh or not."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from core.cli_records import call, finished_sweep, plan_sweep, put, spawn
from sweeptree.analysis.aggregate import aggregate
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """Two configs with three seeds each, aggregated; one job failed."""
    paths = finished_sweep(tmp_path / "results", jobs=6, failed=(4,))
    aggregate(paths)
    return paths


def test_configs_stand_best_first_with_mean_and_spread(paths: SweepPaths) -> None:
    lines = call("show", str(paths.root)).out.splitlines()
    assert lines[1].split()[:4] == ["rank", "config", "val_auc", "n"]
    assert lines[2].split()[:6] == ["1", "lr=1e-4", "0.9300", "±", "0.0200", "3"]
    assert lines[3].split()[:7] == ["2", "lr=3e-4", "0.9100", "±", "0.0141", "2", "1"]


def test_a_smaller_loss_stands_first(tmp_path: Path) -> None:
    paths = plan_sweep(tmp_path, metric="loss:min")
    with SweepStore.open(paths) as store:
        for n, loss in enumerate((0.5, 0.1, 0.6, 0.2)):
            put(store, n, JobState.SUCCEEDED, metrics={"loss": loss})
    aggregate(paths)
    lines = call("show", str(paths.root)).out.splitlines()
    assert "lr=1e-4" in lines[2] and "+0.4000" in lines[3]


def test_a_config_that_diverged_stands_last_and_says_so(tmp_path: Path) -> None:
    paths = plan_sweep(tmp_path, metric="loss:min")
    with SweepStore.open(paths) as store:
        put(store, 0, JobState.SUCCEEDED, diverged=("loss",))
        put(store, 1, JobState.SUCCEEDED, metrics={"loss": 0.5})
    aggregate(paths)
    configs = call("show", str(paths.root))
    jobs = call("show", str(paths.root), "--jobs")
    assert configs.out.splitlines()[3].split()[:2] == ["lr=3e-4", "diverged"]
    assert "diverged" in jobs.out.splitlines()[2]


def test_by_ranks_by_another_metric(paths: SweepPaths) -> None:
    out = call("show", str(paths.root), "--by", "val_auc:min").out
    assert "less val_auc is better" in out and "lr=3e-4" in out.splitlines()[2]


def test_an_unknown_metric_is_a_usage_error(paths: SweepPaths) -> None:
    ran = call("show", str(paths.root), "--by", "f1")
    assert ran.code == 2 and "test_auc, val_auc" in ran.err


def test_test_metrics_are_shown_only_by_name(paths: SweepPaths) -> None:
    plain, asked = (
        call("show", str(paths.root)).out,
        call("show", str(paths.root), "--by", "test_auc").out,
    )
    assert "not shown: test_auc" in plain and "0.8000" not in plain
    assert "0.8000" in asked


def test_jobs_keep_the_failed_one(paths: SweepPaths) -> None:
    lines = call("show", str(paths.root), "--jobs").out.splitlines()
    assert any("FAILED" in line and "exit code 1" in line for line in lines)


def test_json_is_the_aggregated_document(paths: SweepPaths) -> None:
    assert json.loads(call("show", str(paths.root), "--json").out) == json.loads(
        paths.aggregated_json.read_text()
    )


@pytest.mark.parametrize(("flags", "first", "rows"), [([], "config_id", 2), (["--jobs"], "id", 6)])
def test_csv(paths: SweepPaths, flags: list[str], first: str, rows: int) -> None:
    table = list(csv.reader(io.StringIO(call("show", str(paths.root), "--csv", *flags).out)))
    assert table[0][0] == first and len(table) == rows + 1


def test_json_and_csv_exclude_each_other(paths: SweepPaths) -> None:
    assert call("show", str(paths.root), "--json", "--csv").code == 2


def test_without_aggregates_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    finished_sweep(tmp_path)
    ran = call("show", "unet", "--results_dir", str(tmp_path))
    assert ran.code == 1 and "sweeptree aggregate unet" in ran.err


def test_old_aggregates_are_shown_and_named_old(paths: SweepPaths) -> None:
    os.utime(paths.aggregated_json, (1, 1))
    ran = call("show", str(paths.root))
    assert (
        ran.code == 0
        and "older than the records" in ran.err
        and "sweeptree aggregate unet" in ran.err
    )


def test_fresh_aggregates_say_nothing(paths: SweepPaths) -> None:
    assert not call("show", str(paths.root)).err


@pytest.mark.parametrize("room", ["60", "80", "120"])
def test_widths(paths: SweepPaths, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", room)
    lines = call("show", str(paths.root)).out.splitlines()[1:4]
    assert {"config", "val_auc", "n"} <= set(lines[0].split())
    assert all(len(line) <= min(92, int(room)) for line in lines)


@pytest.mark.slow
def test_a_c_locale_gets_ascii_without_escape_codes(paths: SweepPaths, tmp_path: Path) -> None:
    out = spawn("show", "unet", cwd=tmp_path, env={"LC_ALL": "C", "NO_COLOR": "1"}).stdout
    assert b"+/-" in out and out.isascii() and b"\x1b" not in out


def test_one_job_of_one_config_is_said_in_the_singular(tmp_path: Path) -> None:
    one = finished_sweep(tmp_path, jobs=1)
    aggregate(one)
    shown = call("show", str(one.root)).out
    assert shown.startswith("unet  1 job in 1 config ")
