"""The one writer of records."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keeper_kit import fill
from sweeptree.errors import Refused
from sweeptree.model import Attempt, JobState
from sweeptree.records import SweepPaths, SweepStore, holder, read_ledger, read_record

ROOT = Path(__file__).parents[3]
SNIPPET = """
from sweeptree.records import SweepStore

def write(store: SweepStore) -> None:
    store.update(0, {part})
"""


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    return SweepPaths(tmp_path / "night")


def check_types(part: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(textwrap.dedent(SNIPPET).format(part=part))
    argv = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(snippet)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", ["exitcode=3", 'exit_code="3"', "metrics=0.9", "id=4"])
def test_a_misspelt_part_of_a_record_fails_the_type_checker(part: str, tmp_path: Path) -> None:
    done = check_types(part, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "snippet.py:5: error:" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_right_part_of_a_record_passes_the_type_checker(tmp_path: Path) -> None:
    done = check_types('exit_code=3, metrics={"auc": 0.9}', tmp_path)
    assert (done.returncode, done.stdout[:7]) == (0, "Success"), done.stdout


def test_each_step_adds_its_part(paths: SweepPaths) -> None:
    with SweepStore.open(paths) as store:
        store.update(0, cmd="train", state=JobState.RUNNING)
        store.update(0, state=JobState.SUCCEEDED, exit_code=0)
    record = read_record(paths.record(0))
    assert (record.cmd, record.state, record.exit_code) == ("train", "succeeded", 0)


def test_the_store_goes_on_from_what_stands_on_disk(paths: SweepPaths) -> None:
    with SweepStore.open(paths) as store:
        store.update(0, cmd="train")
    with SweepStore.open(paths) as store:
        assert store.record(0).cmd == "train"


def test_fields_of_a_newer_version_are_kept(paths: SweepPaths) -> None:
    paths.root.mkdir()
    paths.record(0).write_text('{"id": 0, "carbon_g": 3}')
    with SweepStore.open(paths) as store:
        store.update(0, cmd="train")
    assert '"carbon_g":3' in paths.record(0).read_text()


def test_only_changes_that_status_shows_go_to_the_ledger(paths: SweepPaths) -> None:
    with SweepStore.open(paths) as store:
        store.update(0, state=JobState.RUNNING)
        store.update(0, notes=("slow",))
        assert len(paths.ledger.read_bytes().splitlines()) == 1
        store.update(0, attempts=(Attempt(number=2, state=JobState.RUNNING),))
    assert read_ledger(paths)[0]["attempt"] == 2


def test_what_is_no_record_is_put_aside_and_not_lost(paths: SweepPaths) -> None:
    paths.root.mkdir()
    paths.record(0).write_text("mine")
    with SweepStore.open(paths) as store:
        assert store.record(0).state is JobState.PLANNED
    assert Path(f"{paths.record(0)}.corrupt").read_text() == "mine"


def test_the_record_of_another_job_is_put_aside_and_told_anew(paths: SweepPaths) -> None:
    paths.root.mkdir(parents=True)
    paths.record(0).write_text('{"id": 1, "state": "succeeded"}')
    with SweepStore.open(paths) as store:
        assert store.record(0).state is JobState.PLANNED
    assert '"id": 1' in Path(f"{paths.record(0)}.corrupt").read_text()


def test_a_second_store_is_refused_and_the_first_is_named(paths: SweepPaths) -> None:
    with SweepStore.open(paths), pytest.raises(Refused, match="a sweep named night is running"):
        SweepStore.open(paths)


def test_the_holder_is_who_has_the_store_open(paths: SweepPaths) -> None:
    assert holder(paths) is None
    with SweepStore.open(paths):
        assert (holder(paths) or {})["pid"] == os.getpid()
    assert holder(paths) is None


def test_a_holder_without_a_readable_note_is_still_one(paths: SweepPaths) -> None:
    with SweepStore.open(paths):
        paths.lock.write_text("no note")
        assert holder(paths) == {}


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot be written: Not a directory"):
        SweepStore.open(SweepPaths(tmp_path / "file" / "night"))


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[SweepPaths]:
    """A sweep on a disk of its own, which a file `ballast` may fill."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    yield SweepPaths(disk / "night")
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_an_error_and_the_old_record_stands(crowded: SweepPaths) -> None:
    with SweepStore.open(crowded) as store:
        store.update(0, cmd="train", state=JobState.RUNNING)
        fill(crowded.root / "ballast")
        with pytest.raises(OSError, match="No space left"):
            store.update(0, state=JobState.SUCCEEDED)
        assert store.record(0).state is JobState.RUNNING


def test_a_store_that_bears_a_full_disk_writes_when_there_is_room(crowded: SweepPaths) -> None:
    with SweepStore.open(crowded) as store:
        store.bear_lack()
        store.update(0, cmd="train", state=JobState.RUNNING)
        fill(crowded.root / "ballast")
        store.update(0, state=JobState.SUCCEEDED)
        store.update(1, cmd="train", state=JobState.RUNNING)
        assert store.record(0).state is JobState.SUCCEEDED
        assert read_record(crowded.record(0)).state is JobState.RUNNING
        (crowded.root / "ballast").unlink()
        store.update(1, state=JobState.FAILED)
        assert read_record(crowded.record(1)).state is JobState.FAILED
    assert read_record(crowded.record(0)).state is JobState.SUCCEEDED
