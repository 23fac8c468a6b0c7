"""The files of an attempt: hostile logs, durable outcomes, full disks."""

import os
from pathlib import Path

import pytest

from core.keeper_kit import Kit, fill, until
from sweeptree import supervise
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState

MEGABYTE = 1 << 20


def test_the_log_is_there_from_the_start(kit: Kit) -> None:
    launch = kit.launch("sleep 300")
    keeper = supervise.start(launch)
    assert launch.log.read_bytes() == b""
    keeper.kill()
    assert keeper.wait(20)


def test_the_log_is_appended_to(kit: Kit) -> None:
    launch = kit.launch("echo more")
    launch.log.write_text("before\n")
    outcome = supervise.start(launch).wait(20)
    assert launch.log.read_text() == "before\nmore\n"
    assert outcome is not None and outcome.log_bytes == 5


def test_much_output_goes_straight_to_the_log(kit: Kit) -> None:
    launch = kit.launch(f"head -c {64 * MEGABYTE} /dev/zero")
    outcome = supervise.start(launch).wait(60)
    assert outcome is not None and (outcome.log_bytes, outcome.log_dropped) == (64 * MEGABYTE, 0)
    assert launch.log.stat().st_size == 64 * MEGABYTE


def test_a_planted_link_is_not_followed(kit: Kit) -> None:
    treasure = kit.root / "treasure"
    launch = kit.launch("echo gone")
    launch.log.symlink_to(treasure)
    outcome = supervise.start(launch).wait(20)
    assert outcome is not None and outcome.state is JobState.FAILED
    assert "symbolic link" in (outcome.reason or "")
    assert not treasure.exists()


def test_a_planted_pipe_does_not_hang_us(kit: Kit) -> None:
    launch = kit.launch("true")
    os.mkfifo(launch.log)
    outcome = supervise.start(launch).wait(20)
    assert outcome is not None and "cannot be written" in (outcome.reason or "")


def test_a_log_folder_that_is_not_there(kit: Kit) -> None:
    outcome, _ = kit.run("true", log=kit.root / "none" / "log")
    assert (outcome.state, outcome.exit_code, outcome.start_time) == (JobState.FAILED, None, None)
    assert "none/log cannot be written: No such file" in (outcome.reason or "")


def test_a_working_folder_that_is_not_there(kit: Kit) -> None:
    outcome, _ = kit.run("true", cwd=kit.root / "gone")
    assert (outcome.state, outcome.exit_code, outcome.start_time) == (JobState.FAILED, None, None)
    assert "gone cannot be entered: No such file" in (outcome.reason or "")


def test_a_command_that_is_too_long(kit: Kit) -> None:
    outcome, _ = kit.run("true " + "x" * 200_000)
    assert outcome.reason == "the command cannot be started: Argument list too long"


def test_nothing_but_the_attempts_files_is_left(kit: Kit) -> None:
    kit.run("true")
    assert sorted(path.name for path in kit.root.iterdir()) == [
        "1.alive",
        "1.log",
        "1.outcome",
        "1.started",
    ]


def test_a_state_folder_that_is_not_there_is_an_error(kit: Kit) -> None:
    launch = kit.launch("true", alive=kit.root / "none" / "alive")
    with pytest.raises(SweeptreeError, match="alive cannot be written: No such file"):
        supervise.start(launch)


def test_an_attempt_runs_once(kit: Kit) -> None:
    launch = kit.launch("echo ran")
    supervise.start(launch).wait(20)
    with pytest.raises(SweeptreeError, match="has already been run"):
        supervise.start(launch)
    assert launch.log.read_text() == "ran\n"


def test_an_attempt_has_one_keeper(kit: Kit) -> None:
    launch = kit.launch("sleep 300")
    keeper = supervise.start(launch)
    with pytest.raises(SweeptreeError, match="is being run by another keeper"):
        supervise.start(launch)
    keeper.kill()
    assert keeper.wait(20)


def test_an_outcome_waits_for_space(kit: Kit, tiny_disk: Path) -> None:
    launch = kit.launch(
        "echo up; while [ ! -e full ]; do sleep 0.01; done; exit 5", outcome=tiny_disk / "outcome"
    )
    keeper = supervise.start(launch)
    until(lambda: "up" in launch.log.read_text())
    fill(tiny_disk / "ballast")
    (kit.root / "full").touch()
    assert keeper.wait(0.5) is None
    (tiny_disk / "ballast").unlink()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 5
    assert [path.name for path in tiny_disk.iterdir()] == ["outcome"]


def test_an_outcome_has_its_room_when_the_job_has_filled_the_disk(
    kit: Kit, tiny_disk: Path
) -> None:
    launch = kit.launch(
        f"dd if=/dev/zero of={tiny_disk}/ballast bs=1k",
        alive=tiny_disk / "alive",
        outcome=tiny_disk / "outcome",
    )
    outcome = supervise.start(launch).wait(20)
    assert outcome is not None and outcome.exit_code == 1
    assert (tiny_disk / "alive").stat().st_size == 4096
    assert supervise.adopt(launch.alive, launch.outcome).wait(0) == outcome


def test_a_keeper_is_known_by_a_file_that_keeps_room(kit: Kit) -> None:
    launch = kit.launch("sleep 300")
    keeper = supervise.start(launch)
    assert launch.alive.stat().st_size == 8192
    found = supervise.adopt(launch.alive, launch.outcome)
    assert (found.pid, found.ticks) == (keeper.pid, keeper.ticks)
    keeper.kill()
    assert keeper.wait(20)
    assert launch.alive.stat().st_size == 4096
