"""Jobs that die, stay, fork, ignore signals, eat memory or write without end; clocks that jump."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from core.keeper_kit import NASTY, Kit, pids_of, until
from fault_kit import Sweeper, records, states

from sweeptree.model import JobState

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
MEMORY = Path("/sys/fs/cgroup/memory")

CLOCK = """
import os, sys
sys.path.insert(0, {tests!r})
sys.executable = {python!r}
from pathlib import Path
from core.keeper_kit import Kit
outcome, log = Kit(Path({root!r}), {name!r}).run("echo '-1d' > {root}/clock; sleep 0.3")
print(outcome.state, outcome.start_time > outcome.end_time, 0.2 < outcome.duration_seconds < 60)
"""


def test_row_1_a_killed_job_says_by_what_and_the_others_go_on(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["echo half > half.txt; kill -9 $$", "true"])
    assert sweeper.run(spec)["message"] == "1 failed, 1 succeeded"
    record = records(sweeper.paths(spec))[0]
    assert (record.exit_code, record.reason) == (-9, "killed by SIGKILL")
    assert (Path(str(record.worktree)) / "half.txt").read_text() == "half\n"


def test_row_19_a_log_without_end_is_capped_and_the_job_is_never_blocked(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; head -c 300000000 /dev/zero; exit 4", log_cap=1 << 20)
    outcome = keeper.wait(100)
    assert outcome is not None and outcome.exit_code == 4
    assert launch.log.stat().st_size < (1 << 20) + 200
    assert outcome.log_bytes + outcome.log_dropped == 300_000_003


def test_row_20_what_a_finished_job_leaves_is_ended(sweeper: Sweeper) -> None:
    spec = sweeper.spec([NASTY.removesuffix("wait") + "exit 0"])
    assert sweeper.run(spec)["message"] == "1 succeeded"
    assert sweeper.pids(spec) == set()


@pytest.mark.parametrize(
    "command", [NASTY, "kill -STOP $$", "trap '' TERM; while :; do sleep 1; done"]
)
def test_rows_21_and_23_what_does_not_listen_is_dead_soon_after_its_timeout(
    kit: Kit, command: str
) -> None:
    outcome, _ = kit.run(command, timeout=0.5, grace=0.3)
    assert outcome.state is JobState.TIMED_OUT
    assert not pids_of(kit.name)


def test_row_23_a_timeout_is_told_and_what_was_reported_stays(sweeper: Sweeper) -> None:
    report = 'echo "{\\"val_auc\\": 0.5}" >> $SWEEPTREE_METRICS; sleep 600'
    spec = sweeper.spec([report], timeout=1.0, metric="val_auc:max")
    assert sweeper.run(spec)["message"] == "1 timed_out"
    assert records(sweeper.paths(spec))[0].metrics == {"val_auc": 0.5}


def test_row_22_a_clock_that_jumps_back_changes_no_duration(kit: Kit) -> None:
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    python = kit.root / "python"
    clock = (
        f"FAKETIME_TIMESTAMP_FILE={kit.root}/clock FAKETIME_NO_CACHE=1 "
        "FAKETIME_DONT_FAKE_MONOTONIC=1"
    )
    python.write_text(
        f"#!/bin/sh\nexport LD_PRELOAD={FAKETIME} {clock}\nexec '{sys.executable}' \"$@\"\n"
    )
    python.chmod(0o755)
    (kit.root / "clock").write_text("+0\n")
    tests = str(Path(__file__).parents[1])
    text = CLOCK.format(tests=tests, python=str(python), root=str(kit.root), name=kit.name)
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert told.stdout == "succeeded True True\n", told.stderr


def test_row_22_attempts_are_ordered_by_number_not_by_time(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["test $SWEEPTREE_ATTEMPT = 2"])
    sweeper.run(spec)
    for path in sweeper.paths(spec).state.iterdir():
        os.utime(path, (time.time() + 1e6,) * 2)
    assert sweeper.resume(spec, failed=True)["message"] == "1 succeeded"
    assert [a.number for a in records(sweeper.paths(spec))[0].attempts] == [1, 2]


def test_row_24_a_job_that_the_kernel_killed_for_memory_says_so(kit: Kit) -> None:
    group = MEMORY / f"sweeptree-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(48 << 20))
    except OSError:
        pytest.skip("no memory cgroup to write to")
    eat = f"'{sys.executable}' -I -S -c 'print(len(bytearray(256 << 20)))'"
    outcome, _ = kit.run(f"echo $$ > {group}/cgroup.procs; exec {eat}")
    until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()
    assert (outcome.state, outcome.exit_code) == (JobState.FAILED, -9)
    assert str(outcome.reason).startswith("out of host memory")


def test_row_30_a_job_that_is_asked_to_stop_may_save_its_work(sweeper: Sweeper) -> None:
    spec = sweeper.spec(["trap 'echo saved; exit 0' TERM; sleep 600 & echo up; wait"], grace=30.0)
    driver, paths = sweeper.start(spec), sweeper.paths(spec)
    until(lambda: paths.log(0).exists() and "up" in paths.log(0).read_text(), 60)
    driver.signal(signal.SIGINT)
    report = driver.wait()
    assert report is not None and report["name"] == "Cancelled"
    assert (states(paths), paths.log(0).read_text()) == ([JobState.CANCELLED], "up\nsaved\n")
