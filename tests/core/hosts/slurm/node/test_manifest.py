"""What tasks are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeptree.hosts.slurm.node import manifest
from sweeptree.supervise.files import SetupError


def test_each_task_reads_its_own_line_and_what_holds_for_all(tmp_path: Path) -> None:
    tasks = [{"job": number, "command": "ä" * number} for number in range(50)]
    manifest.write(str(tmp_path), {"setup": "make"}, tasks)
    found = [manifest.read(str(tmp_path), number) for number in (0, 17, 49)]
    assert [told["command"] for told in found] == ["", "ä" * 17, "ä" * 49]
    assert all(told["setup"] == "make" for told in found)


@pytest.mark.parametrize("number", [2, 1000])
def test_a_task_that_is_not_there_says_so(tmp_path: Path, number: int) -> None:
    manifest.write(str(tmp_path), {}, [{}, {}])
    with pytest.raises(SetupError, match="no such task"):
        manifest.read(str(tmp_path), number)


def test_a_folder_that_the_node_cannot_see_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot read task 0 in /nowhere"):
        manifest.read("/nowhere", 0)
