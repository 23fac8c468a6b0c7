"""Hosts, addresses and what a lane has."""

from __future__ import annotations

import pytest

from sweeptree.errors import UsageError
from sweeptree.hosts.values import Host, Lane, check_address, check_host_name, check_sweep_id


def host(**fields: object) -> Host:
    plain = {"name": "gpu2", "address": "me@gpu2", "home": "/home/me/.s", "python": "/usr/bin/p"}
    return Host(**{**plain, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["me@gpu2", "gpu2", "a_b@10.0.0.1", "me@fe80::1", "Gpu.lab"])
def test_addresses_that_ssh_takes(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize("address", ["", "-oProxyCommand=x", "me@-x", "a b", "me@", "x;y", "a\nb"])
def test_an_address_that_ssh_or_a_shell_would_misread_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_address(address)
    assert refused.value.hint


@pytest.mark.parametrize("name", ["", "-x", "a/b", "..", "x" * 64, "a b", "ä"])
def test_a_name_of_no_use_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_host_name(name)


def test_no_host_is_called_as_the_word_for_every_host() -> None:
    with pytest.raises(UsageError, match="--hosts all means every host") as refused:
        check_host_name("all")
    assert "--name" in refused.value.hint[0]


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [({"name": "x", "data": "/d"}, True), ({"port": 22}, False), ({"home": "/x"}, False)],
)
def test_a_machine_is_an_address_a_port_and_a_folder(
    fields: dict[str, object], is_same: bool
) -> None:
    assert host().is_same_machine(host(**fields)) is is_same


@pytest.mark.parametrize("sweep", ["", "../x", "x" * 129, "a/b", "a\n"])
def test_a_sweep_id_of_no_use_is_refused(sweep: str) -> None:
    with pytest.raises(UsageError):
        check_sweep_id(sweep)


@pytest.mark.parametrize(
    "wrong", [{"port": 0}, {"port": 65536}, {"home": "x"}, {"python": "~/p"}, {"data": "/a\n"}]
)
def test_a_host_says_what_is_wrong_with_it(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="gpu2"):
        host(**wrong)


def test_a_host_without_a_port_uses_that_of_ssh() -> None:
    assert host().port is None
    assert host(port=2222).port == 2222


@pytest.mark.parametrize(
    ("gpus", "memory", "has"),
    [(0, 0, True), (1, 0, True), (2, 0, True), (3, 0, False), (1, 40, True), (2, 40, False)],
)
def test_a_lane_has_gpus_that_are_large_enough(gpus: int, memory: int, has: bool) -> None:
    assert Lane("a", "gpu1", "", 2, (24, 48)).has(gpus, memory) is has
