"""What a lane finds in its folder, and whom it trusts."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hosts.lanes.kit import Host
from sweeptree.errors import Refused
from sweeptree.hosts.lanes.start_facts import START_FILE, Access, LaneStart, read_start


@pytest.fixture
def start(unserved: Host, tmp_path: Path) -> LaneStart:
    access = Access(authorization="Bearer x", environment={"PREFECT_API_AUTH_STRING": "a:b"})
    return LaneStart(
        order=unserved.order("true"), access=access, home=tmp_path, port_file=tmp_path / "tunnel"
    )


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / START_FILE
    path.touch(mode)
    path.chmod(mode)
    path.write_text(text)
    return path


def test_it_is_read_as_it_was_written(tmp_path: Path, start: LaneStart) -> None:
    written(tmp_path, start.model_dump_json())
    assert read_start(tmp_path) == start


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_may_know_is_refused(
    tmp_path: Path, start: LaneStart, mode: int
) -> None:
    written(tmp_path, start.model_dump_json(), mode)
    with pytest.raises(Refused, match="other accounts"):
        read_start(tmp_path)


def test_a_link_and_a_torn_file_are_refused(tmp_path: Path, start: LaneStart) -> None:
    with pytest.raises(Refused, match="No such file"):
        read_start(tmp_path)
    text = start.model_dump_json()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = written(elsewhere, text)
    (tmp_path / START_FILE).symlink_to(path)
    with pytest.raises(Refused, match="cannot be read"):
        read_start(tmp_path)
    path.write_text(text[:-20])
    with pytest.raises(Refused, match="cannot begin"):
        read_start(elsewhere)
