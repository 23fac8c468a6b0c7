"""Adding and forgetting hosts; how sweeptree gets there is tested in tests/hosts."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.ssh_kit import FarSide
from core.hosts.test_inventory import ENTRY
from sweeptree.errors import HostError, Refused, UsageError
from sweeptree.hosts.setting_up import Checked, Order, Where, add, mended, remove
from sweeptree.hosts.setting_up.adding import other_names


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


def test_removing_one_of_two_names_of_a_machine_takes_nothing(where: Where, far: FarSide) -> None:
    env = far.home / "own" / "env" / "x"
    env.mkdir(parents=True)
    first = replace(ENTRY, host=replace(ENTRY.host, name="gpu1", home=str(far.home / "own")))
    second = replace(first, host=replace(first.host, name="second"), worker="pool")
    for entry in (first, second):
        where.inventory.put(entry)
    assert remove("second", where) == "its machine is gpu1 as well: nothing was removed there"
    assert (far.calls(), env.is_dir()) == ([], True)
    assert where.inventory.entries() == {"gpu1": replace(first, worker="pool")}
    where.inventory.put(first)
    assert remove("gpu1", where) == ""
    assert not env.exists()


def test_a_machine_that_is_there_under_another_name_is_remarked(where: Where) -> None:
    other = replace(ENTRY, host=replace(ENTRY.host, name="gpu1"))
    elsewhere = replace(ENTRY, host=replace(ENTRY.host, name="gpu3", home="/elsewhere"))
    for entry in (ENTRY, other, elsewhere):
        where.inventory.put(entry)
    (remark,) = other_names(ENTRY, where.inventory)
    assert remark.startswith("gpu2 is the same machine as gpu1: a sweep needs it once")
    assert list(other_names(elsewhere, where.inventory)) == []


def test_removing_what_cannot_be_reached(where: Where, far: FarSide) -> None:
    where.inventory.put(ENTRY)
    far.fail("ssh: connect to host gpu2 port 22: No route to host\n")
    assert "cannot be reached" in remove("gpu2", where)
    assert where.inventory.entries() == {}


def test_what_cannot_be_mended_is_left_as_it_is(where: Where) -> None:
    unreachable = Checked(ENTRY, (HostError("away", host="gpu2", kind="unreachable"),))
    assert mended(unreachable, where, print) is unreachable
