"""Records → aggregates: groups, ranks, honest warnings; whatever the records look like, no job is
dropped."""

import csv
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeptree.analysis.aggregate import Incremental, aggregate, to_frame
from sweeptree.analysis.aggregate.groups import rank
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_json

COLUMNS = (
    "id,exit_code,cmd,git_commit,git_branch,pr_url,duration_seconds,artifacts,state,config_id,seed"
)
VALUES = {"lr=3e-4": (0.9231, 0.9218, 0.9226), "lr=1e-4": (0.9188, 0.9176, 0.92)}


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    (tmp_path / "unet_lr").mkdir()
    return SweepPaths(tmp_path / "unet_lr")


def record(index: int, *, config: str = "lr=3e-4", seed: int | None = 1, **more: Any) -> JobRecord:
    fields = {
        "state": "succeeded",
        "exit_code": 0,
        "cmd": "t",
        "params": {"lr": float(config[3:])},
        **more,
    }
    return JobRecord(id=index, config_id=config, seed=seed, **fields)


def put(paths: SweepPaths, *records: JobRecord) -> None:
    for one in records:
        paths.record(one.id).write_text(one.model_dump_json())


def put_sweep(paths: SweepPaths) -> None:
    pairs = [
        (config, seed, value)
        for config, values in VALUES.items()
        for seed, value in enumerate(values, 1)
    ]
    for index, (config, seed, value) in enumerate(pairs):
        put(paths, record(index, config=config, seed=seed, metrics={"val_auc": value}))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_groups_have_mean_and_spread_over_seeds(paths: SweepPaths) -> None:
    put_sweep(paths)
    first = aggregate(paths)["groups"][0]
    spread = first["metrics"]["val_auc"]
    assert (first["config_id"], first["seeds"], first["n"], first["rank"]) == (
        "lr=3e-4",
        [1, 2, 3],
        3,
        1,
    )
    assert first["params"] == {"lr": 3e-4}
    assert spread["mean"] == pytest.approx(np.mean(VALUES["lr=3e-4"]), rel=1e-12)
    assert spread["std"] == pytest.approx(np.std(VALUES["lr=3e-4"], ddof=1), rel=1e-12)
    assert spread["values"] == {"1": 0.9231, "2": 0.9218, "3": 0.9226}


def test_the_leader_is_compared_with_an_exact_test(paths: SweepPaths) -> None:
    put_sweep(paths)
    document = aggregate(paths)
    (row,) = document["comparisons"]
    assert document["leaderboard"] == ["lr=3e-4", "lr=1e-4"]
    assert (row["a"], row["b"], row["test"]) == ("lr=3e-4", "lr=1e-4", "exact permutation")
    assert (row["p"], row["p_floor"], row["p_holm"]) == pytest.approx((0.1, 0.1, 0.1))
    assert row["delta"] == pytest.approx(-0.0037)


def test_too_few_seeds_are_said(paths: SweepPaths) -> None:
    put_sweep(paths)
    warnings = " ".join(aggregate(paths)["warnings"])
    assert (
        "3 seeds per config: no exact test can show p < 0.05 (smallest possible 0.1); 4 would do"
        in warnings
    )
    assert "ranked by val_auc, max, for its name" in warnings


@pytest.mark.parametrize(("metric", "best"), [("val_auc:min", "lr=1e-4"), ("val_auc", "lr=3e-4")])
def test_the_metric_of_the_spec_decides(paths: SweepPaths, metric: str, best: str) -> None:
    put_sweep(paths)
    write_json(paths.sweep, {"spec": {"metric": metric}})
    document = aggregate(paths)
    assert document["leaderboard"][0] == best
    assert document["objective"]["name"] == "val_auc"


@pytest.mark.parametrize(
    ("metric", "reported", "says"),
    [
        ("f1", {"val_auc": 1.0}, "no job reported f1"),
        (None, {"a": 1.0, "b": 2.0}, "2 could be meant: a, b"),
    ],
)
def test_without_the_metric_there_is_no_ranking(
    paths: SweepPaths, metric: str | None, reported: dict[str, float], says: str
) -> None:
    put(paths, record(0, metrics=reported))
    write_json(paths.sweep, {"spec": {"metric": metric}})
    document = aggregate(paths)
    assert document["leaderboard"] == []
    assert says in document["warnings"][0]


def test_a_diverged_value_is_in_no_mean_and_stays_in_its_row(paths: SweepPaths) -> None:
    put(paths, record(0, metrics={"val_loss": 0.5}), record(1, seed=2, metrics={"val_loss": 1e300}))
    document = aggregate(paths)
    assert document["groups"][0]["metrics"]["val_loss"]["mean"] == 0.5
    assert rows(paths.aggregated_csv)[1]["metric.val_loss"] == "1e+300"
    assert "values beyond 1e+100 are in no mean: jobs 1" in document["warnings"]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(allow_nan=False, allow_infinity=False)), max_size=12
    )
)
def test_no_finite_values_break_the_statistics(values: list[tuple[int, float]]) -> None:
    jobs = [
        record(i, config=f"lr={c}", metrics={"score": v}).model_dump()
        for i, (c, v) in enumerate(values)
    ]
    standing = rank(jobs, "score")
    assert all(0 < row["p"] <= 1 and row["p"] <= row["p_holm"] <= 1 for row in standing.comparisons)


def test_failed_jobs_stay_and_do_not_count(paths: SweepPaths) -> None:
    put_sweep(paths)
    put(paths, record(6, seed=4, state="failed", exit_code=1, metrics={"val_auc": 0.1}))
    document = aggregate(paths)
    assert (document["groups"][0]["n"], document["groups"][0]["n_failed"]) == (3, 1)
    assert document["summary"]["states"] == {"succeeded": 6, "failed": 1}
    assert document["summary"]["exit_codes"] == [0] * 6 + [1]
    assert rows(paths.aggregated_csv)[6]["state"] == "failed"


def test_csv_begins_with_the_columns_of_the_seed(paths: SweepPaths) -> None:
    job = record(
        0,
        artifacts=("a.txt", "b.txt"),
        metrics={"val_auc": 0.5},
        cmd='echo "a, b"\nc',
        duration_seconds=1.5,
    )
    put(paths, job, record(1, seed=2, exit_code=None, state="running"))
    aggregate(paths)
    header = paths.aggregated_csv.read_text().splitlines()[0]
    assert header.startswith(COLUMNS + ",param.lr,metric.val_auc,best.metric")
    assert header.endswith("gpu_seconds,peak_vram_mb,log,pr_number,data_digest")
    first, second = rows(paths.aggregated_csv)
    assert (first["cmd"], first["artifacts"], first["exit_code"]) == (
        'echo "a, b"\nc',
        "a.txt;b.txt",
        "0",
    )
    assert (second["metric.val_auc"], second["exit_code"], second["seed"]) == ("", "", "2")


@pytest.mark.parametrize(
    "command", ["a\rb", "a\nb", "a\r\nb", 'q"uo,te', "=1+1", " lead", "é\u2028x"]
)
def test_awkward_commands_stay_one_row_of_the_csv(paths: SweepPaths, command: str) -> None:
    put(paths, record(0, cmd=command), record(1, cmd="plain"))
    aggregate(paths)
    assert [row["cmd"] for row in rows(paths.aggregated_csv)] == [command, "plain"]


def test_groups_csv_has_one_row_per_config_the_best_first(paths: SweepPaths) -> None:
    put_sweep(paths)
    aggregate(paths)
    first, second = rows(paths.groups_csv)
    assert (first["config_id"], first["rank"], first["n"], first["seeds"]) == (
        "lr=3e-4",
        "1",
        "3",
        "1;2;3",
    )
    assert (
        float(first["val_auc.ci95_low"])
        < float(first["val_auc.mean"])
        < float(first["val_auc.ci95_high"])
    )
    assert second["config_id"] == "lr=1e-4"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "holds no JSON object"),
        (b'{"id": 1, "exi', "not JSON"),
        (b"\0" * 100, "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"id": 7, "exit_code": 0}', "says it is job '7'"),
        (b'{"id": 1, "exit_code": "x", "metrics": [1]}', "left out: exit_code, metrics"),
        (b'{"id": 1, "metrics": {"a": NaN}}', "not finite and left out: a"),
    ],
)
def test_a_bad_record_is_named_and_kept(paths: SweepPaths, data: bytes, says: str) -> None:
    put_sweep(paths)
    paths.record(1).write_bytes(data)
    document = aggregate(paths)
    assert document["n_jobs"] == len(document["jobs"]) == 6
    assert says in document["warnings"][0]
    assert json.loads(paths.aggregated_json.read_text())["jobs"][1]["id"] == 1


def test_huge_and_linked_records_are_named_and_kept(paths: SweepPaths, tmp_path: Path) -> None:
    with paths.record(0).open("wb") as stream:
        stream.truncate(1 << 30)
    (tmp_path / "secret").write_text('{"id": 1, "cmd": "secret"}')
    paths.record(1).symlink_to(tmp_path / "secret")
    document = aggregate(paths)
    assert [job["state"] for job in document["jobs"]] == [None, None]
    assert "secret" not in paths.aggregated_json.read_text()


def test_gaps_are_fine_and_planned_jobs_are_rows(paths: SweepPaths) -> None:
    put(paths, record(3, metrics={"val_auc": 1.0}))
    plan = [
        {"id": i, "cmd": f"t {i}", "params": {"lr": 1e-4}, "seed": i, "config_id": "lr=1e-4"}
        for i in range(5)
    ]
    write_json(paths.sweep, {"exp_name": "unet_lr", "jobs": plan})
    document = aggregate(paths)
    assert document["n_jobs"] == 5
    assert document["summary"]["states"] == {"planned": 4, "succeeded": 1}
    assert document["jobs"][4]["cmd"] == "t 4"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"jobs": 3, "spec": [], "base": "x"}', '{"jobs": [{"id": "x"}, 3]}']
)
def test_a_broken_sweep_file_does_not_hide_the_records(paths: SweepPaths, text: str) -> None:
    put_sweep(paths)
    paths.sweep.write_text(text)
    assert aggregate(paths)["n_jobs"] == 6


def put_of_the_seed(paths: SweepPaths) -> None:
    for index in range(4):
        command = f"python run_training.py --exp unet_lr_{'3e-4' if index < 2 else '1e-4'} --seed {index % 2}"
        bare = {
            "id": index,
            "cmd": command,
            "exit_code": index // 3,
            "log": f"job_{index}.log",
            "artifacts": [],
        }
        paths.record(index).write_text(json.dumps(bare))
        paths.log(index).write_text(f"log of {index}\n")
    facts = {
        "exp_name": "old",
        "commands": 4,
        "exit_codes": [0, 1, 0, 0],
        "timestamp": "2025-01-02T03:04:05",
    }
    paths.summary.write_text(json.dumps(facts))


def test_a_folder_of_the_seeds_tools_aggregates(paths: SweepPaths) -> None:
    put_of_the_seed(paths)
    document = aggregate(paths)
    assert [group["config_id"] for group in document["groups"]] == [
        "exp=unet_lr_3e-4",
        "exp=unet_lr_1e-4",
    ]
    assert [job["state"] for job in document["jobs"]] == ["succeeded"] * 3 + ["failed"]
    assert document["jobs"][2]["log_tail"] == "log of 2\n"
    assert (document["exp_name"], document["summary"]["timestamp"]) == (
        "old",
        "2025-01-02T03:04:05",
    )
    assert document["summary"]["exit_codes"] == [0, 0, 0, 1]


def test_log_tail_is_the_last_2000_bytes_and_no_link(paths: SweepPaths, tmp_path: Path) -> None:
    put(paths, record(0), record(1))
    paths.log(0).write_bytes(b"\xff" * 5000 + "é".encode() * 1000)
    (tmp_path / "secret").write_text("secret")
    paths.log(1).symlink_to(tmp_path / "secret")
    document = aggregate(paths)
    assert document["jobs"][0]["log_tail"] == "é" * 1000
    assert document["jobs"][1]["log_tail"] == ""


def test_jobs_without_seeds_keep_all_their_values(paths: SweepPaths) -> None:
    put(paths, *(record(i, seed=None, metrics={"score": float(i)}) for i in range(3)))
    assert aggregate(paths)["groups"][0]["metrics"]["score"]["values"] == {
        "job 0": 0.0,
        "job 1": 1.0,
        "job 2": 2.0,
    }


def test_the_file_holds_what_is_returned(paths: SweepPaths) -> None:
    put_sweep(paths)
    document = aggregate(paths)
    assert json.loads(paths.aggregated_json.read_text()) == json.loads(json.dumps(document))


def test_an_empty_folder_aggregates_to_nothing(paths: SweepPaths) -> None:
    document = aggregate(paths)
    assert (document["n_jobs"], document["groups"], document["warnings"]) == (0, [], [])
    assert paths.aggregated_csv.read_text().startswith(COLUMNS)


def test_to_frame_has_numbers_as_numbers(paths: SweepPaths) -> None:
    put_sweep(paths)
    frame = to_frame(paths)
    assert frame["metric.val_auc"].mean() == pytest.approx(
        np.mean([*VALUES["lr=3e-4"], *VALUES["lr=1e-4"]])
    )


def test_incremental_ends_with_the_same_files_as_a_rebuild(paths: SweepPaths) -> None:
    made = [record(i, seed=i, metrics={"val_auc": i / 10}) for i in range(5)]
    incremental = Incremental(paths)
    for one in made:
        put(paths, one)
        incremental.add(one)
    incremental.close()
    files = (paths.aggregated_json, paths.aggregated_csv, paths.groups_csv)
    written = [path.read_bytes() for path in files]
    aggregate(paths)
    assert written == [path.read_bytes() for path in files]


def test_a_delayed_write_is_made_up_without_a_further_job(paths: SweepPaths) -> None:
    incremental = Incremental(paths)
    incremental.add(record(0))
    incremental.add(record(1, seed=2))
    deadline = time.monotonic() + 60
    while (
        json.loads(paths.aggregated_json.read_text())["n_jobs"] < 2 and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    assert json.loads(paths.aggregated_json.read_text())["n_jobs"] == 2
    incremental.close()


def test_incremental_knows_the_records_of_an_earlier_run(paths: SweepPaths) -> None:
    put_sweep(paths)
    incremental = Incremental(paths)
    incremental.add(record(0, state=JobState.FAILED, exit_code=3))
    incremental.close()
    document = json.loads(paths.aggregated_json.read_text())
    assert (document["n_jobs"], document["jobs"][0]["exit_code"]) == (6, 3)


def test_writes_are_far_fewer_than_jobs(paths: SweepPaths) -> None:
    incremental = Incremental(paths)
    versions = set()
    for index in range(100):
        incremental.add(record(index, seed=index))
        versions.add(paths.aggregated_json.stat().st_mtime_ns)
    incremental.close()
    assert len(versions) < 50
    assert json.loads(paths.aggregated_json.read_text())["n_jobs"] == 100


def test_threads_may_add_at_once(paths: SweepPaths) -> None:
    incremental = Incremental(paths)

    def add(start: int) -> None:
        for index in range(start, start + 20):
            incremental.add(record(index, seed=index))

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 20, 40, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    incremental.close()
    assert [job["id"] for job in json.loads(paths.aggregated_json.read_text())["jobs"]] == list(
        range(80)
    )


def test_a_disk_that_refuses_is_said_at_the_end_only(paths: SweepPaths) -> None:
    incremental = Incremental(paths)
    paths.aggregated_csv.mkdir()
    incremental.add(record(0))
    with pytest.raises(SweeptreeError, match="cannot be written"):
        incremental.close()
    with pytest.raises(SweeptreeError, match="the records are complete"):
        aggregate(paths)


def test_a_late_timer_writes_nothing_after_close(paths: SweepPaths) -> None:
    incremental = Incremental(paths)
    incremental.add(record(0))
    incremental.close()
    incremental.add(record(1))
    assert not incremental.write()
    assert json.loads(paths.aggregated_json.read_text())["n_jobs"] == 1
