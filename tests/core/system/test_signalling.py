"""Signals reach exactly the process that is meant."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator

import pytest

from sweeptree.system.processes import start_ticks
from sweeptree.system.signalling import handle_of, send, send_all

Process = tuple[int, int]


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "300"]) as process:
        yield process
        process.kill()


def identity(process: "subprocess.Popen[bytes]") -> Process:
    return process.pid, start_ticks(process.pid) or 0


def test_a_signal_arrives(child: "subprocess.Popen[bytes]") -> None:
    assert send(*identity(child), signal.SIGTERM)
    assert child.wait(20) == -signal.SIGTERM


def test_one_that_got_the_pid_later_gets_nothing(child: "subprocess.Popen[bytes]") -> None:
    pid, ticks = identity(child)
    assert not send(pid, ticks - 1, signal.SIGKILL)
    assert handle_of(pid, ticks - 1) is None
    assert child.poll() is None


def test_no_pid_is_nobody() -> None:
    assert not send(0, 0, signal.SIGKILL)
    assert handle_of(0, 0) is None


def test_a_handle_tells_the_end(child: "subprocess.Popen[bytes]") -> None:
    handle = handle_of(*identity(child))
    assert handle is not None
    child.kill()
    assert select.select([handle], [], [], 20)[0]
    os.close(handle)


def test_those_that_are_gone_stop_nobody(child: "subprocess.Popen[bytes]") -> None:
    pid, ticks = identity(child)
    send_all([(pid, ticks - 1), (pid, ticks)], signal.SIGSTOP, signal.SIGKILL)
    assert child.wait(20) == -signal.SIGKILL
