"""What keepers and commands inherit from the nursery, and what they do not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.keeper_kit import DRIVER, Kit, until


def test_a_terminal_that_goes_does_not_stop_a_keeper(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 0.1; exit 4")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        os.kill(keeper.pid, number)
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 4


def test_keepers_leave_no_zombies(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up")
    keeper.wait(20)
    until(lambda: not psutil.pid_exists(keeper.pid))


@pytest.mark.slow
def test_signals_that_a_driver_ignores_reach_its_jobs(kit: Kit) -> None:
    command = "echo up; grep SigIgn /proc/self/status; exit 0"
    text = "import signal; signal.signal(signal.SIGQUIT, signal.SIG_IGN)\n"
    text += DRIVER.format(
        tests=str(Path(__file__).parents[2]), root=str(kit.root), name=kit.name, command=command
    )
    subprocess.run(
        [sys.executable, "-c", text.replace("time.sleep(600)", "keeper.wait()")],
        stdout=subprocess.DEVNULL,
    )
    up, name, mask = (kit.root / "1.log").read_text().split()
    assert (up, name, int(mask, 16) & 0x7FFFFFFF) == ("up", "SigIgn:", 0)
