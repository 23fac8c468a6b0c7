"""A sweep over hosts has one id, made once, that leases, refs and folders can bear."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.errors import RecordError
from sweeptree.hosts.lanes.identity import (
    identity_file,
    known_sweep_id,
    sweep_id,
)
from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    found = SweepPaths(tmp_path / "ecg_lr")
    found.state.mkdir(parents=True)
    return found


def test_the_id_is_made_once(paths: SweepPaths) -> None:
    assert known_sweep_id(paths) is None
    first = sweep_id(paths, "0123456789abcdef")
    assert first.startswith("ecg_lr-01234567-")
    assert sweep_id(paths, "another") == first == known_sweep_id(paths)


def test_two_sweeps_of_one_name_have_two_ids(paths: SweepPaths, tmp_path: Path) -> None:
    other = SweepPaths(tmp_path / "elsewhere" / "ecg_lr")
    other.state.mkdir(parents=True)
    assert sweep_id(paths, "0123456789abcdef") != sweep_id(other, "0123456789abcdef")


def test_a_file_that_holds_no_id_is_not_replaced(paths: SweepPaths) -> None:
    identity_file(paths).write_text("half")
    with pytest.raises(RecordError):
        sweep_id(paths, "0123456789abcdef")
    assert identity_file(paths).read_text() == "half"
