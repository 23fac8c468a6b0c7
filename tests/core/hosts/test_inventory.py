"""The file of the hosts that were added."""

from dataclasses import replace
from pathlib import Path

import pytest

from sweeptree.errors import RecordError, UsageError
from sweeptree.hosts.inventory import Entry, Inventory, default_name
from sweeptree.hosts.values import Gpu, Host

HOST = Host("gpu2", "ada@gpu2", "/home/ada/.sweeptree", "/home/ada/.sweeptree/env/1/bin/python")
ENTRY = Entry(
    host=HOST,
    version="0.1.0",
    digest="1",
    python_version="3.12.3",
    slots=2,
    gpu_memory=(24576, 24576),
    checked="2026-01-02T03:04:05+00:00",
    gpus=(Gpu("GPU-a", 0, "H200", 24576), Gpu("GPU-b", 1, "H200", 24576)),
)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """No host yet."""
    return Inventory(tmp_path / "state")


def named(name: str) -> Entry:
    return replace(ENTRY, host=replace(HOST, name=name))


def test_what_was_put_is_there_and_private(inventory: Inventory) -> None:
    assert inventory.entries() == {}
    for name in ("gpu3", "gpu2"):
        inventory.put(named(name))
    assert list(inventory.entries()) == ["gpu2", "gpu3"]
    assert inventory.entry("gpu2") == ENTRY
    assert inventory.path.stat().st_mode & 0o777 == 0o600
    inventory.remove("gpu2")
    inventory.remove("gpu2")
    assert list(inventory.entries()) == ["gpu3"]


def test_chosen_hosts(inventory: Inventory) -> None:
    with pytest.raises(UsageError, match="no host was added yet"):
        inventory.chosen(("all",))
    for name in ("a", "b"):
        inventory.put(named(name))
    assert [entry.host.name for entry in inventory.chosen(("all",))] == ["a", "b"]
    assert [entry.host.name for entry in inventory.chosen(("b", "b"))] == ["b"]
    with pytest.raises(UsageError, match="there is no host 'c'; there is a, b"):
        inventory.chosen(("a", "c"))


def test_other_names_of_a_machine(inventory: Inventory) -> None:
    for name in ("b", "a", "gpu2"):
        inventory.put(named(name))
    inventory.put(replace(ENTRY, host=replace(HOST, name="c", home="/elsewhere")))
    assert [entry.host.name for entry in inventory.same_machine(HOST)] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"hosts": {"a": 1}}', '{"hosts": {"a": {"host": {"name": "-x"}}}}', "torn{"],
)
def test_a_file_that_is_not_ours(inventory: Inventory, text: str) -> None:
    inventory.path.parent.mkdir()
    inventory.path.write_text(text)
    with pytest.raises(RecordError):
        inventory.entries()


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("ada@gpu2.lab.example", "gpu2"),
        ("gpu2", "gpu2"),
        ("ada@10.0.0.2", "10.0.0.2"),
        ("fe80::1", "fe80--1"),
    ],
)
def test_a_name_from_an_address(address: str, name: str) -> None:
    assert default_name(address) == name
