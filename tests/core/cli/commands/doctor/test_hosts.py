"""Doctor on other machines: by what is known of them, without asking them."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.commands.doctor.doctor_kit import checks
from core.hosts.test_inventory import ENTRY, HOST
from sweeptree.hosts.inventory import Inventory


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Inventory(tmp_path / "state")


def test_where_no_host_was_added_nothing_is_said(inventory: Inventory) -> None:
    assert not inventory.path.exists()
    assert "hosts" not in checks()


def test_hosts_that_were_usable_are_counted(inventory: Inventory) -> None:
    inventory.put(ENTRY)
    assert checks()["hosts"]["text"] == "1 host usable when last looked at"


def test_one_that_was_not_is_named_with_the_next_command(inventory: Inventory) -> None:
    host = replace(HOST, name="gpu3")
    inventory.put(replace(ENTRY, host=host, trouble="gpu3 has no git"))
    found = checks()["hosts"]
    assert found["level"] == "warn"
    assert found["text"].endswith(": gpu3 has no git")
    assert found["hint"] == "sweeptree hosts check gpu3"
