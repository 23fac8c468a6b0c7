"""One connection: it stands when the host's first line has come, and ends with us."""

import os
import signal
import time

import pytest

from core.hosts.ssh_kit import FarSide
from sweeptree.errors import HostError, Refused
from sweeptree.hosts.ssh.connection import Connection
from sweeptree.system.locks import is_held


def test_it_stands_in_a_private_folder_until_it_is_closed(far: FarSide) -> None:
    connection = Connection(far.target)
    folder = connection.socket.parent
    assert connection.is_alive
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(connection.socket)) < 85
    assert is_held(folder / ".in-use")  # by which the next command knows it from a dead one's
    connection.close()
    assert not connection.is_alive
    assert not folder.exists()


def test_a_connection_that_hangs_is_ended(far: FarSide) -> None:
    connection = Connection(far.target, beat=0.05, patience=0.2)
    os.kill(connection._process.pid, signal.SIGSTOP)
    assert connection.ended_within(20.0)
    connection.close()


def test_a_connection_that_answers_stays(far: FarSide) -> None:
    connection = Connection(far.target, beat=0.01, patience=5.0)
    time.sleep(0.2)  # some twenty beats
    assert connection.is_alive
    connection.close()


def test_what_ssh_says_is_in_the_error(far: FarSide) -> None:
    far.fail("ada@gpu2: Permission denied (publickey).\n")
    with pytest.raises(HostError, match="gpu2 does not take your key"):
        Connection(far.target)


def test_a_long_folder_for_temporary_files_is_avoided(
    far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(far.home))
    connection = Connection(far.target)
    is_long = len(str(far.home)) > 50
    assert str(connection.socket).startswith("/tmp/" if is_long else str(far.home))
    connection.close()


def test_a_machine_without_ssh(far: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(far.home))
    with pytest.raises(Refused, match="no ssh on this machine"):
        Connection(far.target)
