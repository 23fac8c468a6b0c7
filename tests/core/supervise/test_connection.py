"""The driver's nursery: replaced when it dies, ended with its driver, one for each fork."""

import os
import subprocess
import sys

import psutil
import pytest

from core.keeper_kit import Kit, until
from sweeptree import supervise


def nursery() -> psutil.Process:
    """The nursery of this process."""
    children = psutil.Process().children()
    return next(
        child for child in children if any(part.endswith("keeper.py") for part in child.cmdline())
    )


def test_a_killed_nursery_takes_no_keeper_with_it_and_is_replaced(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5")
    nursery().kill()
    assert kit.run("exit 6")[0].exit_code == 6
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


@pytest.mark.slow
def test_a_nursery_ends_with_its_driver(kit: Kit) -> None:
    text = "import os; from sweeptree.supervise.connection import NURSERIES as all\n"
    text += "print(all._nursery()._process.pid, flush=True); os.kill(os.getpid(), 9)"
    made = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE)
    assert made.returncode == -9
    until(lambda: not psutil.pid_exists(int(made.stdout)))


def test_a_forked_driver_has_a_nursery_of_its_own(kit: Kit) -> None:
    kit.run("true")
    launch = kit.launch("exit 7")
    pid = os.fork()
    if pid == 0:
        outcome = supervise.start(launch).wait(20)
        own = [child for child in psutil.Process().children() if "keeper.py" in child.cmdline()[-2]]
        os._exit(outcome.exit_code or 0 if outcome and own else 99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert kit.run("exit 8")[0].exit_code == 8
