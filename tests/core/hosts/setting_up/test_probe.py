"""What is made of the look at a host."""

from collections.abc import Iterator

import pytest

from core.hosts.ssh_kit import FarSide
from sweeptree.errors import HostError
from sweeptree.hosts.setting_up.probe import Environment, Python, look, version_of
from sweeptree.hosts.ssh import Master


@pytest.fixture
def master(far: FarSide) -> Iterator[Master]:
    """The way to the far side."""
    with Master(far.target) as master:
        yield master


def test_a_host_is_looked_at(master: Master, far: FarSide) -> None:
    facts = look(master, "~/.sweeptree")
    assert facts.home == f"{far.home}/.sweeptree"
    assert abs(facts.clock_ahead) < 60
    assert facts.python is not None
    assert facts.python.short in ("3.11", "3.12", "3.13")
    assert facts.environment("none") is None
    assert list(far.home.iterdir()) == []


def test_a_folder_of_any_name_is_only_looked_for(master: Master, far: FarSide) -> None:
    facts = look(master, "~/my folder; touch 'no")
    assert facts.home == f"{far.home}/my folder; touch 'no"
    assert list(far.home.iterdir()) == []


def test_a_host_that_says_nothing_of_use(far: FarSide) -> None:
    python = far.folder / "bin" / "python3"
    python.write_text("#!/bin/sh\ncat >/dev/null; echo welcome\n")
    python.chmod(0o755)
    with Master(far.target) as master, pytest.raises(HostError, match="cannot be looked at"):
        look(master, "~/.sweeptree")


@pytest.mark.parametrize(
    ("text", "numbers"), [("3.12.1", (3, 12, 1)), ("2.39.5.windows.1", (2, 39, 5)), ("", ())]
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers


@pytest.mark.parametrize(
    ("version", "venv", "fits"),
    [("3.11.2", True, True), ("3.13.0", True, True), ("3.10.9", True, False),
     ("3.14.0", True, False), ("3.12.1", False, False)],
)  # fmt: skip
def test_which_python_fits(version: str, venv: bool, fits: bool) -> None:
    assert Python("/usr/bin/python3", version, venv).fits is fits


def test_an_environment_works_with_the_python_it_was_made_with() -> None:
    assert Environment("1", "0.1.0", "3.12.1", "3.12.1").works
    assert not Environment("1", "0.1.0", "3.12.1", "3.12.2").works
