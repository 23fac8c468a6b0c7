"""What is wrong with a host, and what to do about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.hosts.setting_up.kit import FACTS, environment
from core.hosts.ssh_kit import FarSide
from core.hosts.test_inventory import ENTRY
from sweeptree.errors import Refused
from sweeptree.hosts.setting_up import ours
from sweeptree.hosts.setting_up.checking import (
    check,
    check_ready,
    environment_troubles,
    machine_remarks,
    machine_troubles,
)
from sweeptree.hosts.setting_up.environment import wanted


def test_a_machine_as_it_should_be() -> None:
    assert list(machine_troubles("gpu2", FACTS)) == []
    assert list(machine_remarks("gpu2", FACTS)) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"git": ""}, "gpu2 has no git"),
        ({"git": "2.25.1"}, "gpu2 has git 2.25.1"),
        ({"writable": False}, "does not let you write /home/ada/.sweeptree"),
        ({"disk_free": 1024**3}, "has 1.0 GB free"),
    ],
)
def test_a_machine_that_lacks_something(change: dict[str, Any], text: str) -> None:
    (trouble,) = machine_troubles("gpu2", replace(FACTS, **change))
    assert text in trouble.message
    assert trouble.hint


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"clock_ahead": 3600.4}, "the clock of gpu2 is 3600 s ahead of this machine's"),
        ({"clock_ahead": -60.0}, "60 s behind"),
        ({"rsync": False}, "no rsync"),
    ],
)
def test_what_hinders_nobody(change: dict[str, Any], text: str) -> None:
    (remark,) = machine_remarks("gpu2", replace(FACTS, **change))
    assert text in remark


def test_the_environment_that_this_sweeptree_wants() -> None:
    digest = wanted("gpu2", FACTS).digest
    entry = replace(ENTRY, digest=digest)
    there = replace(FACTS, environments=(environment(digest, ours.version()),))
    assert list(environment_troubles(entry, there)) == []


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((), "has lost its environment"),
        ((environment("1", ours.version(), "3.12.11"),), "had Python 3.12.10 .* now: 3.12.11"),
        ((environment("1", ours.version(), ""),), "now: none that starts"),
        ((environment("1", "0.0.9"),), f"has sweeptree 0.0.9, and this machine {ours.version()}"),
        ((environment("1", ours.version()),), "with other files than this machine's"),
    ],
)
def test_an_environment_that_has_to_be_mended(found: tuple[Any, ...], text: str) -> None:
    (trouble,) = environment_troubles(ENTRY, replace(FACTS, environments=found))
    with pytest.raises(type(trouble), match=text):
        raise trouble
    assert trouble.hint == ("sweeptree hosts check gpu2 --mend",)


def test_hosts_that_cannot_be_reached_are_refused_for_a_plan(far: FarSide) -> None:
    far.fail("ssh: connect to host gpu2 port 22: Connection refused\n")
    (checked,) = check([ENTRY], None)
    assert "cannot be reached" in checked.entry.trouble
    assert checked.facts is None
    with pytest.raises(Refused, match="gpu2 cannot be reached"):
        check_ready([ENTRY], Path("/dev/null"))
    assert check([], None) == []
