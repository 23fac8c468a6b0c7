"""A sweep on a cluster that nobody drives."""

from __future__ import annotations

from pathlib import Path

from sweeptree.hosts.slurm import arrays, cancelling
from sweeptree.records import SweepPaths

TASKS = [{"job": 0, "attempt": 1}, {"job": 1, "attempt": 1}]


def submitted_as(paths: SweepPaths, number: str) -> None:
    arrays.write(paths, {}, TASKS, "sweep").submitted_as(number)


def test_arrays_with_tasks_that_are_not_over(tmp_path: Path, slurm: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    assert cancelling.queued(paths) == []
    submitted_as(paths, "7")
    submitted_as(paths, "8")
    (slurm / "7_0.state").write_text("COMPLETED|None|")
    (slurm / "7_1.state").write_text("COMPLETING|None|n1")
    (slurm / "8_0.state").write_text("COMPLETED|None|")
    (slurm / "8_1.state").write_text("PENDING|Resources|")
    assert cancelling.queued(paths) == ["8"]


def test_one_whose_number_was_not_noted_is_found_by_its_name(tmp_path: Path, slurm: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    array = arrays.write(paths, {}, TASKS, "sweep")
    (slurm / "9.name").write_text(array.name)
    (slurm / "9_1.state").write_text("RUNNING|None|n1")
    assert cancelling.queued(paths) == ["9"]


def test_they_are_ended_or_killed(slurm: Path) -> None:
    cancelling.end(["7", "8"], kill=False)
    cancelling.end(["7"], kill=True)
    orders = (slurm / "cancelled").read_text().splitlines()
    assert orders == ["7 8", "--batch --signal=USR1 7", "7"]
