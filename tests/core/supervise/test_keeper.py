"""Keepers against commands that end in every way, and against trees that will not end."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keeper_kit import NASTY, Kit, pids_of, until
from sweeptree import supervise
from sweeptree.model import JobState


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    yield kit
    supervise.sweep_orphans(kit.name, lambda name: False)


# signals 1 to 31; libc keeps 32 and 33 for itself, and may have inherited them ignored
STANDARD = 0x7FFFFFFF


def test_success(kit: Kit) -> None:
    outcome, log = kit.run("echo out; echo err >&2")
    assert (outcome.state, outcome.exit_code, outcome.signal, outcome.reason) == (
        JobState.SUCCEEDED,
        0,
        None,
        None,
    )
    assert log == "out\nerr\n"
    assert outcome.log_bytes == 8


def test_times_and_memory_are_told(kit: Kit) -> None:
    outcome, _ = kit.run("true")
    assert outcome.start_time is not None and outcome.start_time <= outcome.end_time
    assert outcome.start_time.endswith("+00:00")
    assert outcome.duration_seconds > 0
    assert outcome.peak_rss_mb is not None and outcome.peak_rss_mb > 0.5


def test_memory_of_a_grandchild_counts(kit: Kit) -> None:
    outcome, _ = kit.run("head -c 60000000 /dev/zero | tail -c 60000000 > /dev/null; true")
    assert outcome.peak_rss_mb is not None and outcome.peak_rss_mb > 50


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("exit 7", 7, "exit code 7"),
        ("kill -9 $$", -9, "killed by SIGKILL"),
        ("kill -SEGV $$", -11, "killed by SIGSEGV"),
        ("sh -c 'kill -TERM $$'; exit $?", 143, "exit code 143 (a process was ended by SIGTERM)"),
        ("no-such-command-here", 127, "not found"),
        ("./plain", 126, "Permission denied"),
    ],
)
def test_failures_are_put_into_words(kit: Kit, command: str, code: int, reason: str) -> None:
    (kit.root / "plain").write_text("not a program")
    outcome, _ = kit.run(command)
    assert (outcome.state, outcome.exit_code) == (JobState.FAILED, code)
    assert reason in (outcome.reason or "")
    assert outcome.signal == (-code if code < 0 else None)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("echo 'a  \"b\"'", 'a  "b"\n'),
        ("echo one\necho two", "one\ntwo\n"),
        ("printf '%s\\n' 'é 漢 \U0001f600'", "é 漢 \U0001f600\n"),
        ("echo $((1+1)); echo `echo x`; echo \\$HOME", "2\nx\n$HOME\n"),
        ("echo a # comment", "a\n"),
    ],
)
def test_commands_run_as_written(kit: Kit, command: str, shown: str) -> None:
    assert kit.run(command)[1] == shown


def test_a_command_is_never_an_option_of_the_shell(kit: Kit) -> None:
    assert kit.run("-x")[0].exit_code == 127


def test_the_environment_is_exactly_the_given_one(kit: Kit) -> None:
    _, log = kit.run("env", env={"PATH": os.environ["PATH"], "MINE": "a=b\tc"})
    names = {line.partition("=")[0] for line in log.splitlines()}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "MINE", "SWEEPTREE_COOKIE"}
    assert "MINE=a=b\tc\n" in log


def test_a_command_starts_with_plain_signals(kit: Kit) -> None:
    _, log = kit.run("grep -E 'Sig(Blk|Ign)' /proc/self/status")
    names, masks = log.split()[::2], log.split()[1::2]
    assert names == ["SigBlk:", "SigIgn:"]
    assert [int(mask, 16) & STANDARD for mask in masks] == [0, 0]


def test_a_command_gets_no_files_of_ours(kit: Kit) -> None:
    listing = (
        "import os; print(*sorted(os.listdir('/proc/self/fd')), os.readlink('/proc/self/fd/0'))"
    )
    _, log = kit.run(f'{sys.executable} -I -S -c "{listing}"')
    assert log == "0 1 2 3 /dev/null\n"  # 3 is the listing's own


def test_a_command_runs_in_its_folder_and_session(kit: Kit) -> None:
    _, log = kit.run("pwd -P; echo $$; ps -o sid= -p $$")
    folder, pid, session = log.split()
    assert folder == str(kit.root.resolve())
    assert pid == session


def test_the_users_umask_holds(kit: Kit) -> None:
    assert int(kit.run("umask")[1], 8) == int(
        Path("/proc/self/status").read_text().split("Umask:\t")[1][:4], 8
    )


def test_a_timeout(kit: Kit) -> None:
    outcome, log = kit.run("echo begun; sleep 300", timeout=0.2)
    assert (outcome.state, outcome.signal, outcome.reason) == (
        JobState.TIMED_OUT,
        15,
        "timed out after 0.2 s",
    )
    assert log == "begun\n"


def test_a_stopped_job_times_out_too(kit: Kit) -> None:
    outcome, _ = kit.run("kill -STOP $$; sleep 300", timeout=0.2)
    assert outcome.signal == signal.SIGTERM
    assert not pids_of(kit.name)


def test_a_job_may_use_its_grace(kit: Kit) -> None:
    keeper, launch = kit.begin(
        "trap 'echo saved; exit 3' TERM; echo up; while :; do sleep 0.01; done"
    )
    keeper.stop()
    outcome = keeper.wait(20)
    assert outcome is not None and (outcome.state, outcome.exit_code) == (JobState.CANCELLED, 3)
    assert launch.log.read_text().endswith("saved\n")


def test_a_nasty_tree_is_cancelled_without_a_rest(kit: Kit) -> None:
    keeper, _ = kit.begin(NASTY, grace=0.2)
    until(lambda: len(pids_of(kit.name)) >= 16)
    keeper.stop()
    outcome = keeper.wait(20)
    assert outcome is not None and (outcome.state, outcome.signal) == (JobState.CANCELLED, 9)
    assert not pids_of(kit.name)


def test_kill_needs_no_grace(kit: Kit) -> None:
    keeper, _ = kit.begin(NASTY, grace=500)
    keeper.kill()
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.state is JobState.CANCELLED
    assert not pids_of(kit.name)


def test_a_second_stop_cuts_the_grace(kit: Kit) -> None:
    keeper, launch = kit.begin(
        "trap 'echo asked' TERM; echo up; while :; do sleep 0.01; done", grace=500
    )
    keeper.stop()
    until(lambda: "asked" in launch.log.read_text())
    keeper.stop()
    outcome = keeper.wait(20)
    assert outcome is not None and (outcome.state, outcome.signal) == (JobState.CANCELLED, 9)


def test_a_runaway_forker_is_caught(kit: Kit) -> None:
    outcome, _ = kit.run("while :; do (sleep 300 &) ; sleep .005; done", timeout=0.5, grace=0.1)
    assert outcome.state is JobState.TIMED_OUT
    assert not pids_of(kit.name)


def test_what_a_job_leaves_is_ended_and_counted(kit: Kit) -> None:
    outcome, _ = kit.run("setsid sleep 300 & sleep 301 & exit 0", grace=500)
    assert (outcome.state, outcome.exit_code, outcome.leftovers) == (JobState.SUCCEEDED, 0, 2)
    assert not pids_of(kit.name)


def test_what_a_job_leaves_is_asked_first(kit: Kit) -> None:
    child = 'trap "echo bye; exit" TERM; touch ready; while :; do sleep 0.01; done'
    _, log = kit.run(f"sh -c '{child}' & while [ ! -e ready ]; do sleep 0.01; done")
    assert log.endswith("bye\n")


def test_a_job_that_cleans_up_leaves_nothing(kit: Kit) -> None:
    assert kit.run("sleep 0.01 & sleep 0.01 | cat; wait")[0].leftovers == 0


def test_a_killed_keeper_takes_the_first_process_with_it(kit: Kit) -> None:
    keeper, launch = kit.begin("exec sleep 300 & echo up; wait")
    first = int(launch.started.read_text().partition('"pid":')[2].rstrip("}\n "))
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: first not in pids_of(kit.name))
    assert keeper.wait(20) is None
    assert not keeper.is_alive()


def test_orphans_of_a_killed_keeper_are_swept(kit: Kit) -> None:
    keeper, _ = kit.begin(NASTY)
    until(lambda: len(pids_of(kit.name)) >= 16)
    os.kill(keeper.pid, signal.SIGKILL)
    until(lambda: not keeper.is_alive())
    assert len(supervise.sweep_orphans(kit.name, lambda name: False)) >= 12
    assert not pids_of(kit.name)


def test_the_sweep_spares_those_whose_keeper_lives(kit: Kit) -> None:
    keeper, launch = kit.begin("echo up; sleep 300")
    asked: list[str] = []
    assert supervise.sweep_orphans(kit.name, lambda name: not asked.append(name)) == []
    assert set(asked) == {launch.name}
    assert keeper.is_alive() and pids_of(kit.name)
    keeper.kill()
    keeper.wait(20)


def test_a_terminal_that_goes_does_not_stop_a_keeper(kit: Kit) -> None:
    keeper, _ = kit.begin("echo up; sleep 0.1; exit 4")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        os.kill(keeper.pid, number)
    outcome = keeper.wait(20)
    assert outcome is not None and outcome.exit_code == 4
