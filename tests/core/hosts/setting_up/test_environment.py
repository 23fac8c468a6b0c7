"""Which environment a host should have, and what the one there says of its GPUs."""

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.hosts.setting_up.kit import FACTS
from core.hosts.ssh_kit import FarSide
from sweeptree.errors import HostError
from sweeptree.hosts.setting_up.environment import slots, wanted
from sweeptree.hosts.ssh import Master


@pytest.fixture
def master(far: FarSide) -> Iterator[Master]:
    """The way to the far side."""
    with Master(far.target) as master:
        yield master


def test_the_newest_python_that_fits() -> None:
    want = wanted("gpu2", FACTS)
    assert want.base.path == "/usr/local/bin/python3.12"
    assert want.python("/h") == f"/h/env/{want.digest}/bin/python"


def test_another_python_is_another_environment() -> None:
    upgraded = [replace(python, version="3.12.11") for python in FACTS.pythons]
    other = wanted("gpu2", replace(FACTS, pythons=tuple(upgraded)))
    assert other.digest != wanted("gpu2", FACTS).digest
    assert other.platform == wanted("gpu2", FACTS).platform


def test_a_host_without_a_python_that_fits() -> None:
    with pytest.raises(HostError, match=r"there is: /usr/bin/python3 3\.9\.2") as caught:
        wanted("gpu2", replace(FACTS, pythons=FACTS.pythons[:1]))
    assert "apt install python3" in caught.value.hint[0]


def test_slots_are_what_the_sweeptree_there_finds(master: Master) -> None:
    assert slots(master, sys.executable).slots > 0


def test_a_sweeptree_that_does_not_answer(master: Master) -> None:
    with pytest.raises(HostError, match="does not say which GPUs"):
        slots(master, "true")
