"""The host's end of a tunnel, as a process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeptree.hosts.ssh import tunnel_program

Process = subprocess.Popen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the port is written."""
    return tmp_path / "tunnel"


@pytest.fixture
def process(file: Path) -> Iterator["Process[bytes]"]:
    """The program, which waits for lines."""
    text = Path(tunnel_program.__file__).read_text()
    argv = [sys.executable, "-I", "-S", "-c", text, str(file)]
    with Process(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process


def send(process: "Process[bytes]", line: bytes) -> bytes:
    """The answer to a line."""
    process.stdin.write(line)
    process.stdin.flush()
    return process.stdout.readline()


def test_a_port_is_written_and_every_line_answered(process: "Process[bytes]", file: Path) -> None:
    assert send(process, b"port 4210\n") == b".\n"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("4210\n", 0o600)
    assert send(process, b"\n") == b".\n"
    assert send(process, b"port 4211\n") == b".\n"
    assert file.read_text() == "4211\n"


def test_the_file_goes_with_it(process: "Process[bytes]", file: Path) -> None:
    send(process, b"port 4210\n")
    process.communicate()
    assert not file.exists()


def test_the_file_of_a_newer_tunnel_stays(process: "Process[bytes]", file: Path) -> None:
    send(process, b"port 4210\n")
    file.write_text("5000\n")
    process.communicate()
    assert file.read_text() == "5000\n"
