"""A tunnel's port is believed only while this account listens on it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.hosts.ssh import tunnel_port


@pytest.fixture
def port() -> Iterator[int]:
    """A port of ours on 127.0.0.1 that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_port_of_a_tunnel(tmp_path: Path, port: int) -> None:
    (tmp_path / "tunnel").write_text(f"{port}\n")
    assert tunnel_port(tmp_path / "tunnel") == port


def test_a_port_on_which_nobody_listens_is_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "tunnel").write_text(f"{port}\n")
    assert tunnel_port(tmp_path / "tunnel") is None


@pytest.mark.parametrize("text", ["", "x", "-1", "4210 and more words"])
def test_a_file_without_a_port(tmp_path: Path, text: str) -> None:
    (tmp_path / "tunnel").write_text(text)
    assert tunnel_port(tmp_path / "tunnel") is None


def test_no_file_a_link_or_a_folder(tmp_path: Path, port: int) -> None:
    (tmp_path / "real").write_text(f"{port}\n")
    (tmp_path / "link").symlink_to("real")
    for name in ("missing", "link", "."):
        assert tunnel_port(tmp_path / name) is None
