"""Which processes there are, who they are and who started whom."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sweeptree.system import processes


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A shell with a child of its own."""
    words = ["sh", "-c", "sleep 300 & echo; wait"]
    with subprocess.Popen(words, env={"MARK": "here"}, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        yield shell
        for process in psutil.Process(shell.pid).children():
            process.kill()
        shell.kill()


def test_start_ticks_are_those_of_the_kernel(child: "subprocess.Popen[bytes]") -> None:
    ticks = processes.start_ticks(child.pid)
    assert ticks is not None
    seconds = ticks / os.sysconf("SC_CLK_TCK") + psutil.boot_time()
    assert abs(psutil.Process(child.pid).create_time() - seconds) < 1


def test_a_process_knows_its_parent(child: "subprocess.Popen[bytes]") -> None:
    assert processes.parent(child.pid) == os.getpid()


def test_a_process_that_is_gone_is_nobody() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert processes.start_ticks(gone.pid) is None
    assert processes.parent(gone.pid) is None
    assert processes.environment(gone.pid) == b""


def test_descendants_are_found_at_every_depth(child: "subprocess.Popen[bytes]") -> None:
    [grandchild] = psutil.Process(child.pid).children()
    found = dict(processes.descendants(os.getpid()))
    assert {child.pid, grandchild.pid} <= set(found)
    assert found[child.pid] == processes.start_ticks(child.pid)
    assert child.pid not in dict(processes.descendants(child.pid))


def test_a_zombie_counts_only_if_asked_for() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert pid not in dict(processes.descendants(os.getpid()))
    assert pid in dict(processes.descendants(os.getpid(), zombies=True))
    os.waitpid(pid, 0)


def test_an_environment_is_that_of_the_start(child: "subprocess.Popen[bytes]") -> None:
    assert b"MARK=here" in processes.environment(child.pid).split(b"\0")


def test_this_boot_has_a_name() -> None:
    assert processes.boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_all_processes_are_seen() -> None:
    assert os.getpid() in processes.all_pids()
