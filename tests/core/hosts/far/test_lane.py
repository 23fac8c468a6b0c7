"""The program that starts a lane's process on a host."""

from __future__ import annotations

import io
import json
import stat
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
    assert started(folder) == {"running": False, "pid": 0, "flow_run": "r1"}
    assert stat.S_IMODE((folder / "start.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert looked(folder) == {"running": False, "joined": False, "lines": []}


def test_a_lane_that_lives_is_not_started_again(tmp_path: Path) -> None:
    started(tmp_path)
    with (tmp_path / "alive").open("r+b") as alive:
        assert lane.locked(alive.fileno())
        lane.write_note(alive.fileno(), {"pid": 7, "flow_run": "old"})
        assert started(tmp_path, start="new") == {"running": True, "pid": 7, "flow_run": "old"}
        assert looked(tmp_path)["running"] is True
    assert json.loads((tmp_path / "start.json").read_text()) == {}


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "alive").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"):
        started(tmp_path)
