"""Keepers against commands that end in every way, and against trees that will not end."""

import dataclasses
import json
import subprocess
import sys

from core.keeper_kit import Kit, pids_of
from sweeptree.model import JobState

# An attempt in a process that can make no other.
ALONE = """
import errno, json, os, sys
from sweeptree.supervise.command import Attempt

def fork():
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

os.fork = fork
attempt = Attempt(json.load(sys.stdin))
attempt.open_log()
attempt.run()
print(json.dumps(attempt.outcome()))
"""


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


def test_a_timeout(kit: Kit) -> None:
    outcome, log = kit.run("echo begun; sleep 300", timeout=0.2)
    assert (outcome.state, outcome.signal, outcome.reason) == (
        JobState.TIMED_OUT,
        15,
        "timed out after 0.2 s",
    )
    assert log == "begun\n"


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


def test_a_lack_of_processes_is_named_and_the_command_has_not_begun(kit: Kit) -> None:
    launch = json.dumps(dataclasses.asdict(kit.launch("true")), default=str)
    done = subprocess.run(
        [sys.executable, "-c", ALONE], input=launch, capture_output=True, text=True
    )
    outcome = json.loads(done.stdout)
    why = "no process could be made for the command: Resource temporarily unavailable"
    assert (outcome["state"], outcome["reason"]) == ("failed", why)
    assert (outcome["start_time"], outcome["exit_code"]) == (None, None)
