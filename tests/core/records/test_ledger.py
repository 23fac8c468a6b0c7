"""The ledger: quick to read, never wrong for long."""

import json
from pathlib import Path

import pytest

from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.records import SweepStore
from sweeptree.records.ledger import Ledger, lacking, read_ledger
from sweeptree.records.paths import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    paths = SweepPaths(tmp_path / "night")
    paths.state.mkdir(parents=True)
    return paths


def note(paths: SweepPaths, *records: JobRecord) -> None:
    ledger = Ledger(paths)
    for record in records:
        ledger.note(record)
    ledger.close()


def test_the_latest_line_of_a_job_counts(paths: SweepPaths) -> None:
    note(paths, JobRecord(id=0, state=JobState.RUNNING), JobRecord(id=0, state=JobState.FAILED))
    assert len(paths.ledger.read_bytes().splitlines()) == 2
    assert read_ledger(paths)[0]["state"] == "failed"


@pytest.mark.parametrize("torn", [b'{"id": 0, "sta', b"\0\0", b'{"no": "id"}\n', b"[]\n"])
def test_a_torn_line_costs_nothing_but_itself(paths: SweepPaths, torn: bytes) -> None:
    note(paths, JobRecord(id=0, state=JobState.RUNNING))
    with paths.ledger.open("ab") as file:
        file.write(torn)
    note(paths, JobRecord(id=1, state=JobState.SUCCEEDED))
    assert {i: line["state"] for i, line in read_ledger(paths).items()} == {
        0: "running",
        1: "succeeded",
    }


def test_no_ledger_is_an_empty_one(paths: SweepPaths) -> None:
    assert read_ledger(paths) == {}


def test_the_ledger_lacks_what_it_says_otherwise(paths: SweepPaths) -> None:
    attempts = (Attempt(number=2, state=JobState.FAILED),)
    known = JobRecord(id=0, state=JobState.SUCCEEDED)
    note(paths, known, JobRecord(id=1, state=JobState.RUNNING), JobRecord(id=2, state="failed"))
    newer = [JobRecord(id=1, state="failed"), JobRecord(id=2, state="failed", attempts=attempts)]
    assert lacking(paths, [known, *newer]) == newer


def test_mending_adds_only_what_is_missing(paths: SweepPaths) -> None:
    with SweepStore.open(paths) as store:
        records = [store.update(index, state=JobState.SUCCEEDED) for index in range(2)]
        paths.ledger.write_bytes(paths.ledger.read_bytes().splitlines(keepends=True)[0])
        assert store.mend_ledger(records) == 1
        assert store.mend_ledger(records) == 0
    assert json.loads(paths.ledger.read_bytes().splitlines()[-1])["id"] == 1


def test_a_job_that_never_began_is_not_lacking(paths: SweepPaths) -> None:
    planned = JobRecord(id=7, command="true", state=JobState.PLANNED)
    assert lacking(paths, [planned]) == []
    begun = planned.model_copy(update={"state": JobState.RUNNING})
    assert lacking(paths, [begun]) == [begun]
