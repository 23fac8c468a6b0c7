"""Adding and forgetting hosts; how sweeptree gets there is tested in tests/hosts."""

from pathlib import Path

import pytest

from core.hosts.ssh_kit import FarSide
from core.hosts.test_inventory import ENTRY
from sweeptree.errors import HostError, Refused, UsageError
from sweeptree.hosts.setting_up import Checked, Order, Where, add, mended, remove


@pytest.fixture
def where(tmp_path: Path) -> Where:
    """A machine that knows no host."""
    return Where(tmp_path / "state", None)


def test_a_name_is_taken_from_the_address() -> None:
    assert Order("ada@gpu2.lab.example").chosen_name == "gpu2"
    assert Order("ada@gpu2", "big").chosen_name == "big"


@pytest.mark.parametrize(
    "order", [Order("-oProxyCommand=x"), Order("gpu2; id"), Order("gpu2", "../x")]
)
def test_input_of_no_use_is_refused_before_ssh(order: Order, where: Where, far: FarSide) -> None:
    with pytest.raises(UsageError):
        add(order, where, print)
    assert far.calls() == []


def test_a_host_that_cannot_be_reached_is_not_noted(where: Where, far: FarSide) -> None:
    far.fail("Host key verification failed.\n")
    with pytest.raises(HostError, match="not known to ssh yet"):
        add(Order("ada@gpu2"), where, print)
    assert where.inventory.entries() == {}


def test_a_name_that_is_taken(where: Where, far: FarSide) -> None:
    where.inventory.put(ENTRY)
    with pytest.raises(Refused, match="there is a host gpu2 already"):
        add(Order("bob@other", "gpu2"), where, print)
    assert far.calls() == []


def test_removing_takes_the_environments_and_leaves_results(where: Where, far: FarSide) -> None:
    home = far.home / "own folder"
    for name in ("env", "packages", "lanes"):
        (home / name / "x").mkdir(parents=True)
    host = type(ENTRY.host)("gpu2", "ada@gpu2", str(home), "/usr/bin/python3")
    where.inventory.put(type(ENTRY)(host, "0.1.0", "1", "3.12.3", 2))
    assert remove("gpu2", where) == ""
    assert [path.name for path in home.iterdir()] == ["lanes"]
    assert where.inventory.entries() == {}


def test_removing_what_cannot_be_reached(where: Where, far: FarSide) -> None:
    where.inventory.put(ENTRY)
    far.fail("ssh: connect to host gpu2 port 22: No route to host\n")
    assert "cannot be reached" in remove("gpu2", where)
    assert where.inventory.entries() == {}


def test_what_cannot_be_mended_is_left_as_it_is(where: Where) -> None:
    unreachable = Checked(ENTRY, (HostError("away", host="gpu2", kind="unreachable"),))
    assert mended(unreachable, where, print) is unreachable
