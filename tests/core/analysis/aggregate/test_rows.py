"""Whatever the records look like, no job is dropped."""

import json
from pathlib import Path

import pytest

from core.analysis.aggregate.aggregate_kit import put, put_legacy, put_sweep, record
from sweeptree.analysis.aggregate import aggregate
from sweeptree.records import SweepPaths
from sweeptree.system.files import write_json


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
        (b'{"id": 1, "duration_seconds": NaN}', "not finite and left out: duration_seconds"),
        (b'{"id": 1, "gpu_seconds": 1e999}', "not finite and left out: gpu_seconds"),
        (b'{"id": 1, "duration_seconds": 1e308}', "not finite and left out: duration_seconds"),
    ],
)
def test_a_bad_record_is_named_and_kept(paths: SweepPaths, data: bytes, says: str) -> None:
    put_sweep(paths)
    paths.record(1).write_bytes(data)
    document = aggregate(paths)
    assert document.n_jobs == len(document.jobs) == 6
    assert says in document.warnings[0]
    assert json.loads(paths.aggregated_json.read_text())["jobs"][1]["id"] == 1


def test_a_copied_record_counts_once(paths: SweepPaths) -> None:
    put_sweep(paths)
    paths.record(0).write_bytes(paths.record(1).read_bytes())
    group = aggregate(paths).groups[0]
    assert (group.jobs, group.n) == ((1, 2), 2)


def test_huge_and_linked_records_are_named_and_kept(paths: SweepPaths, tmp_path: Path) -> None:
    with paths.record(0).open("wb") as stream:
        stream.truncate(1 << 30)
    (tmp_path / "secret").write_text('{"id": 1, "cmd": "secret"}')
    paths.record(1).symlink_to(tmp_path / "secret")
    document = aggregate(paths)
    assert [job.state for job in document.jobs] == [None, None]
    assert "secret" not in paths.aggregated_json.read_text()


def test_gaps_are_fine_and_planned_jobs_are_rows(paths: SweepPaths) -> None:
    put(paths, record(3, metrics={"val_auc": 1.0}))
    plan = [
        {"id": i, "cmd": f"t {i}", "params": {"lr": 1e-4}, "seed": i, "config_id": "lr=1e-4"}
        for i in range(5)
    ]
    write_json(paths.sweep, {"exp_name": "unet_lr", "jobs": plan})
    document = aggregate(paths)
    assert document.n_jobs == 5
    assert document.summary.states == {"planned": 4, "succeeded": 1}
    assert document.jobs[4].cmd == "t 4"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"jobs": 3, "spec": [], "base": "x"}', '{"jobs": [{"id": "x"}, 3]}']
)
def test_a_broken_sweep_file_does_not_hide_the_records(paths: SweepPaths, text: str) -> None:
    put_sweep(paths)
    paths.sweep.write_text(text)
    assert aggregate(paths).n_jobs == 6


def test_a_folder_of_the_legacy_tools_aggregates(paths: SweepPaths) -> None:
    put_legacy(paths)
    document = aggregate(paths)
    assert [group.config_id for group in document.groups] == [
        "exp=unet_lr_3e-4",
        "exp=unet_lr_1e-4",
    ]
    assert [job.state for job in document.jobs] == ["succeeded"] * 3 + ["failed"]
    assert document.jobs[2].log_tail == "log of 2\n"
    assert (document.exp_name, document.summary.timestamp) == (
        "old",
        "2025-01-02T03:04:05",
    )
    assert document.summary.exit_codes == (0, 0, 0, 1)


def test_log_tail_is_the_last_2000_bytes_and_no_link(paths: SweepPaths, tmp_path: Path) -> None:
    put(paths, record(0), record(1))
    paths.log(0).write_bytes(b"\xff" * 5000 + "é".encode() * 1000)
    (tmp_path / "secret").write_text("secret")
    paths.log(1).symlink_to(tmp_path / "secret")
    document = aggregate(paths)
    assert document.jobs[0].log_tail == "é" * 1000
    assert document.jobs[1].log_tail == ""
