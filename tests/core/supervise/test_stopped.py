"""A keeper that was stopped (kill -STOP, a debugger) is named, woken when there is something to do,
and killed when it still does not answer."""

import ctypes
import os
import signal
import subprocess
import sys
import threading

import pytest

from core.keeper_kit import Kit, pids_of, until
from sweeptree import supervise
from sweeptree.model import JobState
from sweeptree.supervise import client
from sweeptree.system.processes import start_ticks

_ATTACH, _DETACH = 16, 17  # ptrace(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


def stopped(keeper: supervise.Keeper) -> supervise.Keeper:
    os.kill(keeper.pid, signal.SIGSTOP)
    until(keeper.is_stopped)
    return keeper


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.05)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_order_reaches_a_stopped_keeper(kit: Kit, how: str) -> None:
    keeper, _ = kit.begin("echo up; sleep 300 & sleep 301")
    getattr(stopped(keeper), how)()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
    assert not pids_of(kit.name)


def test_the_timeout_holds_also_while_the_keeper_is_stopped(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 300", timeout=0.5)
    outcome = stopped(keeper).wait(20)
    assert outcome is not None and outcome.state is JobState.TIMED_OUT


def test_a_stopped_keeper_of_a_job_that_has_ended_goes_on(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5")
    stopped(keeper)
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


def test_one_whose_job_runs_stays_stopped_and_is_named(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; sleep 300")
    assert client.stopped_keeper(launch.alive) is None
    stopped(keeper)
    assert keeper.wait(0.3) is None
    assert client.stopped_keeper(launch.alive) == keeper.pid
    keeper.kill()
    assert keeper.wait(20)


def test_who_takes_over_a_job_wakes_its_keeper(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; sleep 0.1; exit 4")
    stopped(keeper)
    outcome = supervise.adopt(launch.alive, launch.outcome).wait(20)
    assert outcome is not None and outcome.exit_code == 4


def test_one_that_cannot_be_woken_is_killed_with_its_command(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PATIENCE", 0.2)
    keeper, launch = kit.begin("echo up; sleep 300", grace=0.0)
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:  # as a debugger does: only the thread that attached may trace
        if _LIBC.ptrace(_ATTACH, keeper.pid, 0, 0) == 0:
            os.waitpid(keeper.pid, 0x40000000)
            held.set()
            ended.wait(30)

    debugger = threading.Thread(target=hold)
    debugger.start()
    if not held.wait(5):
        keeper.kill()
        pytest.skip("no right to trace a process")
    keeper.kill()
    outcome = keeper.wait(20)
    ended.set()
    debugger.join()
    assert outcome is None and not keeper.is_alive()
    supervise.sweep_orphans(launch.name, lambda _: False)  # as everybody does who waits
    assert not pids_of(launch.name)


HUNG = """
import signal, subprocess, sys, time
from pathlib import Path
from sweeptree.system.locks import hold
for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)
with hold(Path(sys.argv[1])):
    print(subprocess.Popen(["sleep", "300"]).pid, flush=True)
    time.sleep(300)
"""


def test_one_that_hangs_is_killed_when_its_job_should_long_be_gone(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PATIENCE", 0.2)
    alive = kit.root / "alive"
    argv = [sys.executable, "-c", HUNG, str(alive)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as hung:
        assert hung.stdout is not None
        job = int(hung.stdout.readline())
        keeper = supervise.Keeper(alive, kit.root / "out", hung.pid, start_ticks(hung.pid) or 0)
        assert keeper.wait(0.3) is None and hung.poll() is None  # nobody has asked it for anything
        keeper.kill()
        assert keeper.wait(20) is None
        os.kill(job, signal.SIGKILL)
    assert hung.returncode == -signal.SIGKILL
