"""Reading records that may be torn, foreign, huge, or a trap."""

import json
import os
from pathlib import Path

import pytest

from sweeptree.errors import RecordError
from sweeptree.model import JobRecord, JobState
from sweeptree.records import read
from sweeptree.records.paths import SweepPaths
from sweeptree.records.read import runs_elsewhere


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    paths = SweepPaths(tmp_path / "night")
    paths.state.mkdir(parents=True)
    return paths


def test_a_link_in_the_place_of_a_record_is_not_followed(paths: SweepPaths) -> None:
    (paths.root / "real").write_text('{"id": 0}')
    paths.record(0).symlink_to("real")
    with pytest.raises(RecordError, match=r"job_0\.meta\.json cannot be read"):
        read.read_record(paths.record(0))


def test_a_pipe_in_the_place_of_a_record_does_not_make_us_wait(paths: SweepPaths) -> None:
    os.mkfifo(paths.record(0))
    with pytest.raises(RecordError, match="is not a file"):
        read.read_json(paths.record(0))


def test_a_folder_in_the_place_of_a_record_is_said(paths: SweepPaths) -> None:
    paths.record(0).mkdir()
    with pytest.raises(RecordError, match="is not a file"):
        read.read_json(paths.record(0))


def test_a_file_beyond_the_limit_is_not_read(paths: SweepPaths) -> None:
    paths.record(0).write_bytes(b" " * 11)
    with pytest.raises(RecordError, match="larger than 10 bytes"):
        read.read_bytes(paths.record(0), limit=10)


@pytest.mark.parametrize("text", ['{"id": 0, "st', "[1]", "null", "[" * 100_000])
def test_what_is_no_object_is_an_error(paths: SweepPaths, text: str) -> None:
    paths.record(0).write_text(text)
    with pytest.raises(RecordError, match=r"job_0\.meta\.json"):
        read.read_json(paths.record(0))


def test_a_legacy_record_loads(paths: SweepPaths) -> None:
    paths.record(0).write_text('{"id": 0, "cmd": "train", "exit_code": 1, "gpu": "A100"}')
    record = read.read_record(paths.record(0))
    assert (record.cmd, record.exit_code, record.state) == ("train", 1, None)


def test_a_record_of_wrong_types_is_an_error_where_it_must_be_right(paths: SweepPaths) -> None:
    paths.record(0).write_text('{"id": 0, "state": "done"}')
    with pytest.raises(RecordError, match="is not a record"):
        read.read_record(paths.record(0))


def test_lenient_reading_leaves_out_what_is_wrong_and_names_it(paths: SweepPaths) -> None:
    value = {"id": 0, "cmd": "train", "state": "done", "metrics": {"auc": "high"}}
    paths.record(0).write_text(json.dumps(value))
    record, problem = read.read_leniently(paths.record(0), 0, JobRecord)
    assert (record.cmd, record.state, record.metrics) == ("train", None, {})
    assert problem == "job_0.meta.json: not what they should be and left out: metrics, state"


def test_a_copy_of_another_job_s_record_is_no_record(paths: SweepPaths) -> None:
    paths.record(3).write_text('{"id": 4, "state": "succeeded"}')
    record, problem = read.read_leniently(paths.record(3), 3, JobRecord)
    assert (record.id, record.state) == (3, None)
    assert problem == "job_3.meta.json says it is job '4'"
    with pytest.raises(RecordError, match="says it is job '4'"):
        read.read_record(paths.record(3))


def test_lenient_reading_believes_the_file_s_name_where_the_record_has_none(
    paths: SweepPaths,
) -> None:
    paths.record(3).write_text('{"state": "succeeded"}')
    record, _ = read.read_leniently(paths.record(3), 3, JobRecord)
    assert (record.id, record.state) == (3, JobState.SUCCEEDED)


def test_lenient_reading_never_loses_a_job(paths: SweepPaths) -> None:
    paths.record(3).write_text("torn {")
    record, problem = read.read_leniently(paths.record(3), 3, JobRecord)
    assert record.id == 3
    assert problem is not None
    assert record.reason == f"the record cannot be used: {problem}"


def test_only_records_count_as_records(paths: SweepPaths) -> None:
    for name in ("job_2.meta.json", "job_10.meta.json", "job_x.meta.json", "job_1.meta.json.tmp"):
        (paths.root / name).touch()
    assert read.record_indices(paths) == [2, 10]
    assert read.record_indices(SweepPaths(paths.root / "none")) == []


def test_the_last_attempt_is_the_highest_that_left_a_file(paths: SweepPaths) -> None:
    for name in ("job_3.1.outcome", "job_3.2.alive.fix", "job_4.9.log", "job_3.x.alive"):
        (paths.state / name).touch()
    assert read.last_attempts(paths) == {3: 2}


def test_a_folder_is_a_sweep_when_it_says_so(tmp_path: Path) -> None:
    for name, file in (("b", "sweep.json"), ("a", "summary.json"), ("c", "other.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert [paths.root.name for paths in read.iter_sweeps(tmp_path)] == ["a", "b"]
    assert list(read.iter_sweeps(tmp_path / "missing")) == []


def test_half_a_character_in_a_record_becomes_a_question_mark(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path)
    text = r'{"id": 0, "cmd": "a\ud800b \ud83d\ude00", "metrics": {"\udfff": 1}}'
    paths.record(0).write_text(text)
    record = read.read_record(paths.record(0))
    assert (record.cmd, dict(record.metrics)) == ("a?b \U0001f600", {"?": 1.0})
    assert read.read_leniently(paths.record(0), 0, JobRecord)[0].cmd == record.cmd


def test_whether_a_sweep_runs_elsewhere() -> None:
    assert runs_elsewhere({"spec": {"hosts": ["gpu1"]}})
    assert not runs_elsewhere({"spec": {"hosts": []}})
    assert not runs_elsewhere({"spec": None}) and not runs_elsewhere({})
    assert runs_elsewhere({"spec": {"executor": "slurm"}})
    assert not runs_elsewhere({"spec": {"executor": "local"}})
