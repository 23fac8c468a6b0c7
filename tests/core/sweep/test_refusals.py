"""What forbids a start, without looking at a whole sweep."""

from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.model import Base, SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.sweep import refusals
from sweeptree.sweep.refusals import Pinned
from sweeptree.system.files import write_json
from sweeptree.system.room import Room

SPEC = SweepSpec(exp_name="exp", commands=("true",))
PINNED = Pinned(SPEC, Base("c0ffee", "HEAD", "first", "main"), "hash")


def messages(found: list[Refused]) -> str:
    return "\n".join(refused.message for refused in found)


def test_a_new_name_is_free(tmp_path: Path) -> None:
    assert refusals.of_results(SweepPaths(tmp_path / "exp"), PINNED, resume=False) == []


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    assert refusals.of_results(SweepPaths(tmp_path), PINNED, resume=False) == []


def test_results_whose_sweep_cannot_be_read_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "job_0.log").touch()
    found = refusals.of_results(SweepPaths(tmp_path), PINNED, resume=False)
    assert "holds the results of an earlier sweep" in messages(found)


def test_another_spec_is_told_by_what_differs(tmp_path: Path) -> None:
    spec = {**SPEC.model_dump(mode="json"), "commands": ["false"]}
    before = {"spec_hash": "other", "spec": spec, "base": {"commit": "c0ffee"}}
    write_json(SweepPaths(tmp_path).sweep, before)
    found = refusals.of_results(SweepPaths(tmp_path), PINNED, resume=True)
    assert "commands: 1 of them, first 'false' -> 1 of them, first 'true'" in messages(found)
    assert "commit" not in messages(found).partition("\n")[2]


@pytest.mark.parametrize(("least", "count"), [(1, 0), (10**9, 1)])
def test_a_full_disk_forbids_a_start(tmp_path: Path, least: int, count: int) -> None:
    assert len(refusals.of_room(Room((tmp_path,), least))) == count
