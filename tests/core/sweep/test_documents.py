"""sweep.json and summary.json."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.sweep.kit import opened
from sweeptree.model import Device, ExitCode, JobRecord
from sweeptree.records import read_json, read_sweep
from sweeptree.sweep import documents


def test_a_sweep_that_begins_has_no_end_yet(repo: Path) -> None:
    with opened(repo, "python3 train.py --lr 1 --seed 2") as sweep:
        documents.write_begin(sweep.prepared, "run-1")
        facts = read_sweep(sweep.paths)
    assert (facts["exit_code"], facts["ended_at"], facts["flow_run_id"]) == (None, None, "run-1")
    assert facts["jobs"][0]["params"] == {"lr": 1}
    assert facts["base"]["branch"] == "main"


def test_the_end_keeps_what_was_written_at_the_beginning(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        facts = documents.write_begin(sweep.prepared, None)
        sweep.misses.add("the engine was away")
        sweep.stop.start_no_more()
        documents.write_end(sweep, facts, ExitCode.STEP_FAILED)
        ended = read_sweep(sweep.paths)
    assert (ended["exit_code"], ended["missed"]) == (4, ["the engine was away"])
    assert ended["stop_cause"] == "a job failed"
    assert ended["started_at"] == facts["started_at"]


def test_the_summary_has_an_exit_code_per_job_in_their_order(repo: Path) -> None:
    with opened(repo, "true", "true", "true") as sweep:
        records = {2: JobRecord(id=2, exit_code=5), 0: JobRecord(id=0, exit_code=0)}
        documents.write_summary(sweep.prepared, records)
        summary = read_json(sweep.paths.summary)
    assert (summary["commands"], summary["exit_codes"]) == (3, [0, None, 5])


def test_no_address_to_notify_is_written_down(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sweeptree", "run", "--notify", "json://host/s3cr3t"])
    with opened(repo, "true") as sweep:
        documents.write_begin(sweep.prepared, None)
        written = sweep.paths.sweep.read_text()
    assert "s3cr3t" not in written


def test_gpus_of_hosts_stand_in_it_with_their_host(repo: Path) -> None:
    device = Device("GPU-a", 1, "H200", memory_total=24576, memory_free=24576)
    with opened(repo, "true") as sweep:
        prepared = replace(sweep.prepared, far_devices={"gpu2": (device,)})
        documents.write_begin(prepared, None)
        facts = read_sweep(sweep.paths)
    assert {"uuid": "GPU-a", "index": 1, "name": "H200", "host": "gpu2"} in facts["devices"]
