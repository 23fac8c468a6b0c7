"""What forbids a start, without looking at a whole sweep."""

from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.model import Base, SweepSpec
from sweeptree.records import SweepPaths
from sweeptree.repository.needs import Need
from sweeptree.sweep import refusals
from sweeptree.sweep.refusals import Pinned
from sweeptree.system.files import write_json
from sweeptree.system.room import Room
from sweeptree.worktrees import DirtyReport

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


@pytest.mark.parametrize("part", [".", "queue"])
def test_slots_that_others_could_replace_are_refused_with_the_cure(
    tmp_path: Path, part: str
) -> None:
    slots = tmp_path / "slots"
    folder = slots / part
    folder.mkdir(parents=True)
    assert refusals.of_slots(slots) == []
    folder.chmod(0o777)
    [refused] = refusals.of_slots(slots)
    assert "others could replace the locks" in refused.message
    assert refused.hint[0] == f"chmod 1777 {folder}"
    folder.chmod(0o1777)
    assert refusals.of_slots(slots) == []


def test_a_link_in_the_place_of_the_slots_is_refused(tmp_path: Path) -> None:
    slots = tmp_path / "slots"
    assert refusals.of_slots(slots) == []  # it will be made
    slots.symlink_to(tmp_path)
    [refused] = refusals.of_slots(slots)
    assert "is not a folder" in refused.message


def dirt(*paths: str, ignored: tuple[str, ...] = (), **more: tuple[str, ...]) -> DirtyReport:
    needed = tuple(Need(path) for path in paths)
    return DirtyReport(needed=needed, ignored=ignored, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["refuse", "snapshot"])
def test_for_ignored_files_no_snapshot_is_offered(how: str) -> None:
    spec = SPEC.model_copy(update={"dirty": how})
    [refused] = refusals.of_dirt(dirt("a.npz", ignored=("a.npz",)), spec)
    assert "files that git ignores" in refused.message and ".worktreeinclude" in refused.hint[0]
    assert "snapshot" not in " ".join(refused.hint)


def test_other_files_are_carried_by_a_snapshot() -> None:
    assert "--dirty snapshot" in str(refusals.of_dirt(dirt("a.py"), SPEC)[0].hint)
    assert refusals.of_dirt(dirt("a.py"), SPEC.model_copy(update={"dirty": "snapshot"})) == []


def test_a_setup_may_bring_what_is_in_a_submodule() -> None:
    report = dirt(in_submodules=("sub/f",))
    [refused] = refusals.of_dirt(report, SPEC)
    assert "sub/f" in refused.message and "submodule update --init" in refused.hint[0]
    setup = SPEC.model_copy(update={"setup": "git submodule update --init"})
    assert refusals.of_dirt(report, setup) == []
