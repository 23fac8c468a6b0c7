"""The files of an attempt: logs with and without a cap, hostile logs, durable outcomes, full disks."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keeper_kit import Kit, until
from sweeptree import supervise
from sweeptree.errors import SweeptreeError
from sweeptree.model import JobState

MEGABYTE = 1 << 20


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            return


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


def test_a_capped_log_keeps_head_and_tail(kit: Kit) -> None:
    outcome, log = kit.run(
        f"echo first; head -c {8 * MEGABYTE} /dev/zero | tr '\\0' x; echo; echo last", log_cap=4096
    )
    assert log.startswith("first\nx") and log.endswith("x\nlast\n")
    assert outcome.log_bytes == 4096
    assert outcome.log_dropped == 8 * MEGABYTE + 12 - 4096
    assert f"[sweeptree: {outcome.log_dropped} bytes left out, the log is capped]" in log


def test_a_log_below_its_cap_is_whole(kit: Kit) -> None:
    outcome, log = kit.run("seq 1000", log_cap=4096)
    assert log == "".join(f"{n}\n" for n in range(1, 1001))
    assert (outcome.log_bytes, outcome.log_dropped) == (len(log), 0)


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


def test_a_full_disk_under_a_capped_log_does_not_block_the_job(kit: Kit, tiny_disk: Path) -> None:
    outcome, _ = kit.run(
        "head -c 3000000 /dev/zero; exit 3", log=tiny_disk / "log", log_cap=2 * MEGABYTE
    )
    assert outcome.exit_code == 3
    assert outcome.log_bytes + outcome.log_dropped == 3_000_000
    assert outcome.log_bytes <= 65536
