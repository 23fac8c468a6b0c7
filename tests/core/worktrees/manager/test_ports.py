"""Blocks of ten ports."""

import socket
from pathlib import Path

from sweeptree.worktrees.manager.ports import BLOCK, FIRST, LAST, take_ports


def folder(place: Path, name: str) -> Path:
    (place / name).mkdir(exist_ok=True)
    return place / name


def test_two_worktrees_never_share_a_port(tmp_path: Path) -> None:
    found = [take_ports(tmp_path / "ports", folder(tmp_path, f"w{n}")) for n in range(20)]
    assert len(set(found)) == 20
    assert all(FIRST <= port <= LAST and port % BLOCK == 0 for port in found)


def test_a_worktree_gets_its_block_again(tmp_path: Path) -> None:
    top = folder(tmp_path, "w")
    assert take_ports(tmp_path / "ports", top) == take_ports(tmp_path / "ports", top)


def test_a_block_with_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    top = folder(tmp_path, "w")
    first = take_ports(tmp_path / "ports", top)
    with socket.create_server(("127.0.0.1", first + 7)):
        assert take_ports(tmp_path / "ports", top) != first


def test_the_block_of_a_worktree_that_is_gone_is_free(tmp_path: Path) -> None:
    top = folder(tmp_path, "w")
    take_ports(tmp_path / "ports", top)
    top.rmdir()
    take_ports(tmp_path / "ports", folder(tmp_path, "v"))
    assert len(list((tmp_path / "ports").glob("*.json"))) == 1
