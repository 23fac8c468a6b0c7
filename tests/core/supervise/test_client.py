"""The driver's side: keepers that outlive their driver, adoption, threads, forks, and what is read
back."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import no_file_handles

from core.keeper_kit import DRIVER, Kit, pids_of
from sweeptree import supervise
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState
from sweeptree.system.locks import is_held


def driver_killed(kit: Kit, command: str) -> supervise.Keeper:
    """Have another process begin a command, kill -9 it, and adopt its keeper."""
    text = DRIVER.format(
        tests=str(Path(__file__).parents[2]), root=str(kit.root), name=kit.name, command=command
    )
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None and driver.stdout.readline() == b"begun\n"
        driver.kill()
    return supervise.adopt(kit.root / "1.alive", kit.root / "1.outcome")


def test_a_job_outlives_its_driver_and_is_adopted(kit: Kit) -> None:
    keeper = driver_killed(kit, "echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5")
    assert keeper.is_alive()
    assert keeper.wait(0.05) is None
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_adopted_job_can_be_ended(kit: Kit, how: str) -> None:
    keeper = driver_killed(kit, "echo up; sleep 300 & sleep 301")
    getattr(keeper, how)()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
    assert not pids_of(kit.name)


def test_a_command_that_has_begun_is_not_withdrawn(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; while [ ! -e go ]; do sleep 0.01; done; exit 5", grace=0.1)
    for _ in range(3):
        keeper.withdraw()
    assert keeper.wait(0.1) is None
    (kit.root / "go").touch()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5


def test_a_command_is_withdrawn_whole_or_not_at_all(kit: Kit) -> None:
    for _ in range(20):
        launch = kit.launch("echo began; sleep 0.02; echo ended")
        keeper = supervise.start(launch)
        keeper.withdraw()
        outcome = keeper.wait(20)
        assert outcome is not None
        whole = (JobState.SUCCEEDED, "began\nended\n")
        assert (outcome.state, launch.log.read_text()) in (whole, (JobState.CANCELLED, ""))


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


def test_a_keeper_is_waited_for_while_file_handles_lack(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 0.3")
    with no_file_handles():
        assert keeper.wait(timeout=0.1) is None
        assert keeper.is_alive()
    outcome = keeper.wait()
    assert outcome is not None and outcome.exit_code == 0
