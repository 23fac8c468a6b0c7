"""Metrics of jobs that have ended are found anew."""

import json
from pathlib import Path

import pytest

from sweeptree.analysis.metrics import Wanted
from sweeptree.analysis.reread import Reread, reread
from sweeptree.errors import RecordError, Refused
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
    assert reread(paths, PATTERN).changed == 1
    record = read_record(paths.record(0))
    assert record.metrics == {"val_auc": 0.9}
    assert paths.history(0).is_file()


def test_a_second_time_nothing_changes(paths: SweepPaths) -> None:
    reread(paths, PATTERN)
    assert reread(paths, PATTERN) == Reread(0)


def test_files_that_were_kept_are_read(paths: SweepPaths) -> None:
    file = paths.artifacts(0) / "logs" / "metrics.csv"
    file.parent.mkdir(parents=True)
    file.write_text("epoch,val_auc\n1,0.7\n")
    assert reread(paths, Wanted()).changed == 1
    assert read_record(paths.record(0)).metrics_source == "job_0/artifacts/logs/metrics.csv"


def test_a_sweep_that_runs_is_left_alone(paths: SweepPaths) -> None:
    with SweepStore.open(paths), pytest.raises(Refused):
        reread(paths, Wanted())


def test_another_metric_than_the_specs_can_be_asked_for(paths: SweepPaths) -> None:
    paths.log(0).write_text("test_auc = 0.7\n")
    reread(paths, Wanted("test_auc:max"))
    best = read_record(paths.record(0)).best
    assert best is not None and (best["metric"], best["value"]) == ("test_auc", 0.7)


def test_what_stands_nowhere_any_more_stays_in_the_record(paths: SweepPaths) -> None:
    reread(paths, PATTERN)
    before = paths.record(0).read_bytes()
    paths.log(0).write_text("loss = 1\n")
    done = reread(paths, PATTERN)
    assert paths.record(0).read_bytes() == before
    assert (done.changed, len(done.troubles)) == (0, 1)
    assert "job 0 keeps its val_auc" in done.troubles[0]


def test_a_torn_record_is_named_and_the_rest_is_read(paths: SweepPaths) -> None:
    paths.record(2).write_text('{"id": 2, "st')
    done = reread(paths, PATTERN)
    assert done.changed == 1
    assert "job 2 is left as it is" in done.troubles[0]
    assert paths.record(2).read_text() == '{"id": 2, "st'


@pytest.mark.parametrize(
    "spec", [{"metric": 5}, {"metrics_file": 5}, {"metric_regex": "("}, {"metric": ""}, ["x"]]
)
def test_a_spec_of_another_hand_is_an_error(paths: SweepPaths, spec: object) -> None:
    paths.sweep.write_text(json.dumps({"spec": spec}))
    with pytest.raises(RecordError, match=r"sweep\.json"):
        reread(paths, Wanted())
