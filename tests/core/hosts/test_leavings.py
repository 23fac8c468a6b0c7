"""What is left on hosts, asked over ssh."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hosts.far_host_kit import host_of
from core.hosts.ssh_kit import FarSide
from sweeptree.hosts.far.leavings import NOTE, UNKNOWN, write
from sweeptree.hosts.leavings import left_on


@pytest.fixture
def lanes(far: FarSide) -> Path:
    """A lane that may go, and one of which no driver has said anything."""
    lanes = far.home / ".sweeptree" / "lanes"
    for name in ("done-1-2", "open-1-2"):
        (lanes / name).mkdir(parents=True)
    write(lanes / "done-1-2" / NOTE, {"brought": {}, "artifacts": 0})
    return lanes


def test_what_is_left_is_told_and_only_a_repair_removes(far: FarSide, lanes: Path) -> None:
    for repair in (False, True):
        (found,) = left_on([host_of(far)], None, repair=repair).values()
        assert [(each.sweep, each.why) for each in found] == [
            ("done-1-2", ""),
            ("open-1-2", UNKNOWN),
        ]
        assert [each.is_gone for each in found] == [repair, False]
        assert all(each.is_over for each in found)
    assert [each.name for each in lanes.iterdir()] == ["open-1-2"]


def test_of_a_host_that_does_not_answer_nothing_is_known(far: FarSide) -> None:
    far.fail("ssh: connect to host gpu2 port 22: Connection refused\n")
    assert left_on([host_of(far)], None, repair=True) == {}
    assert left_on([], None, repair=True) == {}
