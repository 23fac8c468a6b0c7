"""Metrics of jobs that have ended are found anew."""

import json
from pathlib import Path

import pytest

from sweeptree.analysis.metrics import Wanted
from sweeptree.analysis.reread import reread
from sweeptree.errors import Refused
from sweeptree.model import JobState
from sweeptree.records import SweepPaths, SweepStore, read_record

PATTERN = Wanted(regex="AUC → (.*)")


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    made = SweepPaths(tmp_path / "exp")
    with SweepStore.open(made) as store:
        store.update(0, cmd="a", state=JobState.SUCCEEDED, exit_code=0)
        store.update(1, cmd="b", state=JobState.RUNNING)
    made.sweep.write_text(json.dumps({"spec": {"metric": "val_auc"}}))
    for index in (0, 1):
        made.log(index).write_text("AUC → 0.8\nAUC → 0.9\n")
    return made


def test_a_pattern_finds_them_in_the_logs_that_were_kept(paths: SweepPaths) -> None:
    assert reread(paths, PATTERN) == 1
    record = read_record(paths.record(0))
    assert record.metrics == {"val_auc": 0.9}
    assert paths.history(0).is_file()


def test_a_second_time_nothing_changes(paths: SweepPaths) -> None:
    reread(paths, PATTERN)
    assert reread(paths, PATTERN) == 0


def test_files_that_were_kept_are_read(paths: SweepPaths) -> None:
    file = paths.artifacts(0) / "logs" / "metrics.csv"
    file.parent.mkdir(parents=True)
    file.write_text("epoch,val_auc\n1,0.7\n")
    assert reread(paths, Wanted()) == 1
    assert read_record(paths.record(0)).metrics_source == "job_0/artifacts/logs/metrics.csv"


def test_a_sweep_that_runs_is_left_alone(paths: SweepPaths) -> None:
    with SweepStore.open(paths), pytest.raises(Refused):
        reread(paths, Wanted())


def test_another_metric_than_the_specs_can_be_asked_for(paths: SweepPaths) -> None:
    paths.log(0).write_text("test_auc = 0.7\n")
    reread(paths, Wanted("test_auc:max"))
    best = read_record(paths.record(0)).best
    assert best is not None and (best["metric"], best["value"]) == ("test_auc", 0.7)
