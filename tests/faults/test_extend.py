"""A sweep that is extended by a driver which is killed: it is as it was, or has its new jobs, and
each job runs once."""

from pathlib import Path
from typing import Any

import pytest
from fault_kit import Sweeper, check_history, counted, counting

from sweeptree.records import read_sweep

MOMENTS = [
    ("before the longer sweep is written", 1),
    ("before a file is put in its place", 1),
    ("after a file was put in its place", 1),
    ("after the longer sweep was written", 1),
    *(("before a file is put in its place", number) for number in (2, 4, 7, 11)),
    ("before a record is replaced", 1),
    ("after the keeper was asked for", 1),
    ("after the command, before its record", 2),
]


def on_disk(sweeper: Sweeper, spec: dict[str, Any]) -> int:
    """How many jobs the sweep has."""
    return len(read_sweep(sweeper.paths(spec))["jobs"])


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_nothing_is_lost_and_nothing_is_half_done(
    sweeper: Sweeper, tmp_path: Path, moment: str, number: int
) -> None:
    commands = counting(tmp_path / "runs", 4)
    spec, more = sweeper.spec(commands[:2]), {"commands": commands[2:]}
    sweeper.run(spec)
    before = [sweeper.paths(spec).record(job).read_bytes() for job in (0, 1)]

    driver = sweeper.start(spec, resume={}, extension=more, die=[(moment, number)])
    assert driver.wait() is None
    assert on_disk(sweeper, spec) in (2, 4)
    again = more if on_disk(sweeper, spec) == 2 else {}
    assert sweeper.run(spec, resume={}, extension=again)["message"] == "4 succeeded"

    assert counted(tmp_path / "runs") == dict.fromkeys(range(4), 1)
    assert [sweeper.paths(spec).record(job).read_bytes() for job in (0, 1)] == before
    check_history(sweeper.paths(spec))


def test_of_two_at_once_one_is_refused_or_both_are_in_it(sweeper: Sweeper, tmp_path: Path) -> None:
    commands = counting(tmp_path / "runs", 4)
    spec = sweeper.spec(commands[:2])
    sweeper.run(spec)
    drivers = [
        sweeper.start(spec, resume={}, extension={"commands": [command]})
        for command in commands[2:]
    ]
    reports = [driver.wait() for driver in drivers]
    assert all(report is not None for report in reports)
    jobs = on_disk(sweeper, spec)
    assert jobs in (3, 4)
    done = sweeper.run(spec, resume={}, extension={})
    assert done["message"] == f"{jobs} succeeded"
    assert set(counted(tmp_path / "runs").values()) == {1}
