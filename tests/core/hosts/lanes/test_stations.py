"""The hosts of a sweep as they are now: slots for its jobs, and all that is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.hosts.far_host_kit import GPUS, entry_of
from core.hosts.ssh_kit import FarSide
from core.hosts.test_inventory import ENTRY
from core.sweep.kit import make_spec
from sweeptree.errors import UsageError
from sweeptree.hosts.inventory import Entry, Inventory
from sweeptree.hosts.lanes.planning import Station
from sweeptree.hosts.lanes.stations import stations_of
from sweeptree.hosts.values import Host
from sweeptree.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "state")


def station(repo: Path, settings: Settings, entry: Entry, **fields: object) -> Station:
    """The only station of a sweep on all hosts."""
    Inventory(settings.home).put(entry)
    (found,) = stations_of(make_spec(repo, "true", hosts="all", **fields), settings)
    return found


def test_without_gpus_a_host_has_as_many_slots_as_cores(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    found = station(repo, settings, entry_of(far))
    assert (found.trouble, found.slots) == (None, len(os.sched_getaffinity(0)))
    assert found.facts.endswith(" GB free")


@pytest.mark.parametrize(
    ("fields", "slots"),
    [({}, 2), ({"gpus": 2}, 1), ({"gpu_mem": 10_000}, 4), ({"gpus": 4}, 0)],
)
def test_slots_are_what_the_gpus_there_can_hold(
    repo: Path, settings: Settings, far: FarSide, fields: dict[str, object], slots: int
) -> None:
    found = station(repo, settings, entry_of(far, GPUS), **fields)
    assert found.slots == slots
    assert found.facts.startswith("2 GPUs, ")
    assert [(gpu.uuid, gpu.index) for gpu in found.devices] == [("GPU-a", 0), ("GPU-b", 1)]


def test_a_choice_of_gpus_holds_for_the_hosts(repo: Path, settings: Settings, far: FarSide) -> None:
    found = station(repo, settings, entry_of(far, GPUS), devices="1")
    assert found.slots == 1
    assert [gpu.uuid for gpu in found.devices] == ["GPU-b"]


def test_a_choice_that_leaves_no_gpu_on_a_host_is_refused_with_its_name(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    found = station(repo, settings, entry_of(far, GPUS), devices="7")
    assert found.slots == 0
    assert found.trouble is not None
    assert found.trouble.message == "gpu2: --devices: there is no GPU 7 to choose"
    assert found.trouble.hint == ("sweeptree hosts list --json",)


def test_what_the_repository_says_of_a_host_holds(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    (repo / "sweeptree.toml").write_text('[hosts.gpu2]\ndata = "/data/ptbxl"\n')
    assert station(repo, settings, entry_of(far)).host.data == "/data/ptbxl"


def test_one_that_cannot_be_reached_has_no_slot_and_says_why(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    far.fail("ssh: connect to host gpu2 port 22: No route to host\n")
    found = station(repo, settings, ENTRY)
    assert found.slots == 0
    assert found.trouble is not None
    assert "gpu2 cannot be reached" in found.trouble.message


def test_all_that_is_wrong_is_one_error_with_every_next_command(
    repo: Path, settings: Settings, far: FarSide
) -> None:
    nowhere = Host("gpu2", "ada@gpu2", "/proc/sweeptree", "/usr/bin/python3")
    entry = Entry(nowhere, "0.1.0", "1", "3.12.3", 2)
    trouble = station(repo, settings, entry).trouble
    assert trouble is not None
    assert "; " in trouble.message
    assert "sweeptree hosts check gpu2 --mend" in trouble.hint


def test_a_host_that_was_not_added_is_refused(repo: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match="there is no host 'gpu9'"):
        stations_of(make_spec(repo, "true", hosts="gpu9"), settings)
