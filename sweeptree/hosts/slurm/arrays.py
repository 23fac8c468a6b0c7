"""The arrays of a sweep as they stand on disk: what was to be submitted, and under which number
Slurm has it.

    .state/slurm/0001/plan.json        its name, the job and the first attempt of each task
                      common.json, …   what the nodes read (node.manifest)
                      script           the keeper
                      submitted.json   Slurm's number of it

Hides: that a driver may be killed at any moment. A plan without a number may have been submitted
all the same: the cluster is asked for its name, which no other array has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.errors import RecordError
from sweeptree.hosts.slurm import cluster
from sweeptree.hosts.slurm.node import manifest
from sweeptree.records import SweepPaths, read_json
from sweeptree.system.files import write_json

_PLAN, _SUBMITTED, _SCRIPT = "plan.json", "submitted.json", "script"


@dataclass(frozen=True, slots=True)
class Place:
    """One task of an array: the job, and the number of its first attempt there."""

    job: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task as Slurm names it (ARRAY_TASK), what it runs, and what its keeper itself prints."""

    name: str
    place: Place
    output: Path


@dataclass(frozen=True, slots=True)
class Array:
    """One array. `number`: what Slurm calls it; None: it is not known to have been submitted."""

    folder: Path
    name: str
    places: tuple[Place, ...]
    number: str | None = None

    @property
    def script(self) -> Path:
        """Its batch script."""
        return self.folder / _SCRIPT

    def tasks(self) -> Iterator[Task]:
        """Its tasks, once it has a number."""
        for at, place in enumerate(self.places):
            yield Task(f"{self.number}_{at}", place, self.folder / f"{at}.out")

    def submitted_as(self, number: str) -> Array:
        """Note Slurm's number, on disk when this returns. Raises OSError."""
        write_json(self.folder / _SUBMITTED, {"array": number})
        return Array(self.folder, self.name, self.places, number)


def write(
    paths: SweepPaths, common: dict[str, Any], tasks: Sequence[dict[str, Any]], label: str
) -> Array:
    """A new array of these tasks, on disk and not submitted. Raises OSError."""
    folder = _new_folder(paths.slurm)
    places = tuple(Place(task["job"], task["attempt"]) for task in tasks)
    array = Array(folder, f"{label}-{os.urandom(4).hex()}", places)
    manifest.write(str(folder), common, tasks)
    told = [[place.job, place.attempt] for place in places]
    write_json(folder / _PLAN, {"name": array.name, "tasks": told})
    return array


def read_all(paths: SweepPaths) -> list[Array]:
    """All arrays of the sweep, the oldest first; what cannot be read was never submitted."""
    if not paths.slurm.is_dir():
        return []
    folders = sorted(each for each in paths.slurm.iterdir() if each.name.isdecimal())
    found = (_read(folder) for folder in folders)
    return [array for array in found if array is not None]


def _read(folder: Path) -> Array | None:
    try:
        plan = read_json(folder / _PLAN)
    except RecordError:
        return None
    places = tuple(Place(job, attempt) for job, attempt in plan["tasks"])
    return Array(folder, plan["name"], places, _number(folder))


def _number(folder: Path) -> str | None:
    try:
        return str(read_json(folder / _SUBMITTED)["array"])
    except (RecordError, KeyError):
        return None


def found_again(array: Array) -> Array:
    """The array with the number that its driver had no time to note. Raises ClusterAway."""
    number = cluster.find(array.name)
    return array if number is None else array.submitted_as(number)


def _new_folder(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    taken = [int(each.name) for each in home.iterdir() if each.name.isdecimal()]
    folder = home / f"{max(taken, default=0) + 1:04}"
    folder.mkdir()
    return folder
