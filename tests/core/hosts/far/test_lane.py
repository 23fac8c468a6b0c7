"""The program that starts a lane's process on a host."""

from __future__ import annotations

import io
import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweeptree.hosts.far import lane


def started(folder: Path, **more: object) -> dict[str, object]:
    request = {"verb": "start", "folder": str(folder), "home": "/nowhere", "flow_run": "r1"}
    return lane.main({**request, "start": "{}", "spawn": False, **more}, io.BytesIO())


def looked(folder: Path) -> dict[str, object]:
    found = lane.main({"verb": "look", "folder": str(folder)}, io.BytesIO())
    assert isinstance(free := found.pop("free"), int) and free > 0
    return found


def test_what_is_to_be_done_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "lanes" / "s"
    assert started(folder) == {"running": False, "replaced": None, "pid": 0, "flow_run": "r1"}
    assert stat.S_IMODE((folder / "start.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert looked(folder) == {"running": False, "joined": False, "lines": []}


def test_a_lane_that_lives_is_not_started_again(tmp_path: Path) -> None:
    started(tmp_path)
    with (tmp_path / "alive").open("r+b") as alive:
        assert lane.locked(alive.fileno())
        lane.write_note(alive.fileno(), {"pid": 7, "flow_run": "old"})
        told = started(tmp_path, start="new")
        assert told == {"running": True, "replaced": None, "pid": 7, "flow_run": "old"}
        assert looked(tmp_path)["running"] is True
    assert json.loads((tmp_path / "start.json").read_text()) == {}


@contextmanager
def living(folder: Path, start: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lane's lock, as one that was started with this."""
    note = {"pid": 0, "flow_run": "old", "access": lane.digest_of_access(start)}
    with (folder / "alive").open("w+b") as alive:
        assert lane.locked(alive.fileno())
        process = subprocess.Popen(["sleep", "300"], pass_fds=(alive.fileno(),))
        lane.write_note(alive.fileno(), {**note, "pid": process.pid})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_one_whose_token_opens_nothing_any_more_is_followed_by_another(tmp_path: Path) -> None:
    start, new = '{"access": {"authorization": "one"}}', '{"access": {"authorization": "two"}}'
    with living(tmp_path, start) as process:
        assert started(tmp_path, start=start)["running"] is True
        assert process.poll() is None
        told = started(tmp_path, start=new)
        assert told == {"running": False, "replaced": "old", "pid": 0, "flow_run": "r1"}
        assert process.wait() == -signal.SIGKILL
    assert (tmp_path / "start.json").read_text() == new
    assert "two" not in (tmp_path / "alive").read_text()


def test_one_that_a_worker_has_started_is_left_to_it(tmp_path: Path) -> None:
    with (tmp_path / "alive").open("w+b") as alive:
        assert lane.locked(alive.fileno())
        lane.write_note(alive.fileno(), {"pid": 0, "flow_run": "old", "access": "other"})
        assert started(tmp_path, start='{"access": {}}')["running"] is True


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "alive").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"):
        started(tmp_path)
