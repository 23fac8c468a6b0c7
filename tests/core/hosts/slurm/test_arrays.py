"""Arrays on disk, and how they are found again."""

from __future__ import annotations

from pathlib import Path

from sweeptree.hosts.slurm import arrays
from sweeptree.hosts.slurm.arrays import Place
from sweeptree.records import SweepPaths


def test_an_array_is_read_as_it_was_written(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    tasks = [{"job": 4, "attempt": 1}, {"job": 7, "attempt": 2}]
    written = arrays.write(paths, {"setup": None}, tasks, "sweeptree-exp")
    (found,) = arrays.read_all(paths)
    assert found == written
    assert (found.places, found.number) == ((Place(4, 1), Place(7, 2)), None)
    assert found.name.startswith("sweeptree-exp-")


def test_its_number_is_kept_and_names_its_tasks(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    arrays.write(paths, {}, [{"job": 4, "attempt": 1}], "a").submitted_as("12")
    (found,) = arrays.read_all(paths)
    assert [(task.name, task.place.job) for task in found.tasks()] == [("12_0", 4)]


def test_what_was_not_written_to_its_end_was_never_submitted(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "exp")
    (paths.slurm / "0001").mkdir(parents=True)
    assert arrays.read_all(paths) == []
    second = arrays.write(paths, {}, [{"job": 0, "attempt": 1}], "a")
    assert second.folder.name == "0002"
