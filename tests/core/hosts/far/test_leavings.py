"""What ended sweeps have left on a host, and what of it may go."""

from __future__ import annotations

import fcntl
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import git

from sweeptree.hosts.far import leavings

SWEEP = "exp-11112222-33334444"
REF = f"refs/sweeptree/quarantine/{SWEEP}/0/1"


def asked(verb: str, folder: Path, **more: object) -> dict[str, Any]:
    return leavings.main({"verb": verb, "folder": str(folder), **more}, io.BytesIO())


def cleared(lane: Path, *, artifacts: int = 0, unbrought: int = 0, **brought: list[int]) -> str:
    """Why the lane stays, once the driver has said what it has."""
    found = {job.removeprefix("job"): numbers for job, numbers in brought.items()}
    counts = {"artifacts": artifacts, "unbrought": unbrought}
    why: str = asked("clear", lane, brought=found, **counts)["why"]
    return why


@pytest.fixture
def lane(tmp_path: Path, repo: Path) -> Path:
    """A lane that has ended, with an attempt of job 0 and a commit of what it changed."""
    cache = tmp_path / "cache.git"
    git("clone", "-q", "--bare", repo, cache, cwd=tmp_path)
    git("update-ref", REF, "HEAD", cwd=cache)
    git("update-ref", REF.replace("exp-", "other-"), "HEAD", cwd=cache)
    lane = tmp_path / "lanes" / SWEEP
    state = lane / "results" / "exp" / ".state"
    state.mkdir(parents=True)
    (lane / "outbox").mkdir()
    for what in ("alive", "started", "outcome"):
        (state / f"job_0.1.{what}").write_text("x")
    spec = {"repo": str(cache), "exp_name": "exp"}
    (lane / "start.json").write_text(json.dumps({"order": {"spec": spec}}))
    return lane


@pytest.fixture
def held(lane: Path) -> Iterator[Callable[[str], None]]:
    """held(name): a file of the lane whose lock somebody has."""
    files = []

    def hold(name: str) -> None:
        file = os.open(lane / name, os.O_RDWR | os.O_CREAT)
        fcntl.flock(file, fcntl.LOCK_EX)
        files.append(file)

    yield hold
    for file in files:
        os.close(file)


def test_a_lane_whose_results_are_all_with_the_driver_goes_with_its_refs(lane: Path) -> None:
    assert cleared(lane, job0=[1]) == ""
    assert list(lane.parent.iterdir()) == []
    cache = lane.parent.parent / "cache.git"
    assert git("for-each-ref", "--format=%(refname)", "refs/sweeptree", cwd=cache) == REF.replace(
        "exp-", "other-"
    )
    assert cleared(lane, job0=[1]) == ""


def test_an_attempt_that_the_driver_does_not_have_keeps_it(lane: Path) -> None:
    (lane / "results/exp/.state/job_0.2.started").touch()
    assert "1 attempt did not count, or was lost; its" in cleared(lane, job0=[1], job1=[2])
    assert "2 attempts did not count, or were lost; their" in cleared(lane)
    assert cleared(lane, job0=[1, 2]) == ""


def test_one_that_was_only_leased_does_not(lane: Path) -> None:
    (lane / "results/exp/.state/job_1.1.alive").touch()
    assert cleared(lane, job0=[1]) == ""


def test_results_that_were_not_told_keep_it(lane: Path) -> None:
    (lane / "outbox" / "job_0.1.json").write_text("{}")
    assert cleared(lane, job0=[1]) == "1 result was not told"


def test_files_that_are_to_stay_there_keep_it(lane: Path) -> None:
    assert cleared(lane, artifacts=2, job0=[1]).startswith("2 files stay there by --artifacts")
    assert cleared(lane, artifacts=1, job0=[1]).startswith("1 file stays there by --artifacts")


def test_files_that_could_not_be_brought_keep_it(lane: Path) -> None:
    assert cleared(lane, unbrought=2, job0=[1]) == "2 files could not be brought to the driver"
    assert (lane / "results").is_dir()


@pytest.mark.parametrize("name", ["job_0", "slot_1"])
def test_a_worktree_that_was_kept_keeps_it(lane: Path, name: str) -> None:
    cache = lane.parent.parent / "cache.git"
    folder = cache / ".sweeptree" / "wt" / "exp"
    (folder / name).mkdir(parents=True)
    for beside in (f"{name}.json", f"{name}.index"):
        (folder / beside).touch()
    assert cleared(lane, job0=[1]) == f"1 worktree was kept in {folder}"
    assert asked("list", lane.parent)["lanes"][0]["worktrees"] == str(folder)
    assert (lane / "results").is_dir()


@pytest.mark.parametrize(
    ("name", "why"), [("alive", "it lives"), ("results/exp/.state/job_0.1.alive", "a job runs")]
)
def test_who_lives_keeps_it(lane: Path, held: Callable[[str], None], name: str, why: str) -> None:
    held(name)
    assert cleared(lane, job0=[1]) == why
    assert (lane / "results").is_dir()


def test_without_a_word_of_the_driver_it_is_listed_and_stays(lane: Path) -> None:
    for verb in ("list", "repair"):
        (found,) = asked(verb, lane.parent)["lanes"]
        assert (found["name"], found["why"], found["gone"]) == (SWEEP, leavings.UNKNOWN, False)
        assert found["bytes"] > 0


def test_what_the_driver_has_is_listed_and_goes_with_a_repair(lane: Path) -> None:
    leavings.write(lane / leavings.NOTE, {"brought": {"0": [1]}, "artifacts": 0})
    (found,) = asked("list", lane.parent)["lanes"]
    assert (found["why"], found["gone"], lane.is_dir()) == ("", False, True)
    (found,) = asked("repair", lane.parent)["lanes"]
    assert (found["gone"], lane.exists()) == (True, False)


def test_a_removal_that_was_cut_short_is_finished(lane: Path) -> None:
    lane.rename(lane.with_name(".going-1234"))
    assert asked("list", lane.parent)["lanes"][0]["why"] == ""
    assert asked("repair", lane.parent)["lanes"][0]["gone"]
    assert list(lane.parent.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"brought": 1}', '{"brought": {"x": [1]}}'])
def test_a_note_that_cannot_be_read_says_nothing(lane: Path, text: str) -> None:
    (lane / leavings.NOTE).write_text(text)
    assert asked("repair", lane.parent)["lanes"][0]["why"] == leavings.UNKNOWN


def test_a_host_without_lanes_has_none(tmp_path: Path) -> None:
    assert asked("list", tmp_path / "lanes") == {"lanes": []}


def test_a_link_is_no_lane(lane: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (lane.parent / "link").symlink_to(tmp_path / "elsewhere")
    assert [each["name"] for each in asked("repair", lane.parent)["lanes"]] == [SWEEP]
