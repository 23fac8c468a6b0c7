"""The driver's side: keepers that outlive their driver, adoption, threads, forks, and what is read
back."""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.keeper_kit import Kit, pids_of, until
from sweeptree import supervise
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState
from sweeptree.system.locks import is_held

DRIVER = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from core.keeper_kit import Kit
from sweeptree import supervise
kit = Kit(Path({root!r}), {name!r})
keeper, _ = kit.begin({command!r})
print("begun", flush=True)
time.sleep(600)
"""


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


def driver_killed(kit: Kit, command: str) -> supervise.Keeper:
    """Have another process begin a command, kill -9 it, and adopt its keeper."""
    text = DRIVER.format(
        tests=str(Path(__file__).parents[2]), root=str(kit.root), name=kit.name, command=command
    )
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None and driver.stdout.readline() == b"begun\n"
        driver.kill()
    return supervise.adopt(kit.root / "1.alive", kit.root / "1.outcome")


def nursery() -> psutil.Process:
    """The nursery of this process."""
    children = psutil.Process().children()
    return next(
        child for child in children if any(part.endswith("keeper.py") for part in child.cmdline())
    )


def test_a_job_outlives_its_driver_and_is_adopted(kit: Kit) -> None:
    keeper = driver_killed(kit, "echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5")
    assert keeper.is_alive()
    assert keeper.wait(0.05) is None
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_adopted_job_can_be_ended(kit: Kit, how: str) -> None:
    keeper = driver_killed(kit, "echo up; sleep 300 & sleep 301")
    getattr(keeper, how)()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
    assert not pids_of(kit.name)


def test_one_that_has_ended_is_adopted_too(kit: Kit) -> None:
    done, _ = kit.run("exit 6")
    keeper = supervise.adopt(kit.root / "1.alive", kit.root / "1.outcome")
    assert not keeper.is_alive()
    assert keeper.wait() == done
    keeper.stop()


def test_one_that_never_was_is_lost(tmp_path: Path) -> None:
    keeper = supervise.adopt(tmp_path / "alive", tmp_path / "outcome")
    assert not keeper.is_alive()
    assert keeper.wait() is None


def test_a_stranger_with_the_keepers_pid_is_never_signalled(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 300")
    stranger = subprocess.Popen(["sleep", "300"])
    with pytest.raises(SweeptreeError, match="cannot be reached"):
        replace(
            keeper, pid=stranger.pid, ticks=keeper.ticks - 1
        ).stop()  # both may begin within one tick
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
    keeper.kill()
    assert keeper.wait(20)


def test_a_keeper_of_another_boot_is_waited_for_by_its_lock(kit: Kit) -> None:
    _, launch = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done")
    who = json.loads(launch.alive.read_text())
    launch.alive.write_text(json.dumps({**who, "boot": "another"}))
    keeper = supervise.adopt(launch.alive, launch.outcome)
    assert keeper.pid == 0
    assert keeper.wait(0.05) is None
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.SUCCEEDED


def test_asking_whether_a_keeper_lives_changes_nothing(kit: Kit) -> None:
    kit.run("true")
    before = (kit.root / "1.alive").stat()
    assert not is_held(kit.root / "1.alive")
    assert not is_held(kit.root / "none")
    assert (kit.root / "1.alive").stat() == before
    assert not (kit.root / "none").exists()


def test_waiting_is_no_end(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 300")
    assert keeper.wait(0) is None
    assert keeper.is_alive()
    keeper.kill()
    assert keeper.wait(20) == keeper.wait(0)


def test_many_threads_start_and_wait_at_once(kit: Kit) -> None:
    launches = [kit.launch(f"exit {n}") for n in range(16)]
    codes: dict[int, int | None] = {}

    def run(n: int) -> None:
        outcome = supervise.start(launches[n]).wait(30)
        codes[n] = outcome.exit_code if outcome else None

    threads = [threading.Thread(target=run, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {n: n for n in range(16)}


def test_a_killed_nursery_takes_no_keeper_with_it_and_is_replaced(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5")
    nursery().kill()
    assert kit.run("exit 6")[0].exit_code == 6
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


def test_keepers_leave_no_zombies(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up")
    keeper.wait(20)
    until(lambda: not psutil.pid_exists(keeper.pid))


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


def test_a_python_without_pidfds(kit: Kit) -> None:
    text = "import os; del os.pidfd_open\n"
    text += DRIVER.format(
        tests=str(Path(__file__).parents[2]),
        root=str(kit.root),
        name=kit.name,
        command="echo up; sleep 300",
    )
    text = text.replace("time.sleep(600)", "keeper.stop(); print(keeper.wait(20).signal)")
    shown = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True).stdout
    assert shown == "begun\n15\n"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"state": "odd"}', "\0" * 100, '{"state": {}, "gpus": 7}']
)
def test_an_outcome_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "outcome").write_text(text)
    assert supervise.read_outcome(tmp_path / "outcome") is None


def test_relative_paths_mean_ours(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kit.root)
    names = {name: Path(f"x.{name}") for name in ("log", "alive", "started", "outcome")}
    outcome = supervise.start(kit.launch("pwd -P", cwd=Path(), **names)).wait(20)
    assert outcome is not None and outcome.exit_code == 0
    assert Path("x.log").read_text().strip() == str(kit.root.resolve())


def test_paths_and_commands_that_are_not_utf8(kit: Kit) -> None:
    odd = kit.root / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    outcome, _ = kit.run(os.fsdecode(b"printf %s '\xff' > out"), cwd=odd)
    assert outcome.exit_code == 0
    assert (odd / "out").read_bytes() == b"\xff"


def test_a_signal_that_comes_before_the_command_counts(kit: Kit) -> None:
    keeper = supervise.start(kit.launch("sleep 300"))
    os.kill(keeper.pid, signal.SIGTERM)
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
