"""The aggregates of a sweep that runs."""

import json
import threading
import time

import pytest

from core.analysis.aggregate.aggregate_kit import put, put_sweep, record
from sweeptree.analysis.aggregate import Incremental, aggregate
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState
from sweeptree.records import SweepPaths


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
