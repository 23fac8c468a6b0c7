"""Keepers against commands that end in every way, and against trees that will not end."""

from core.keeper_kit import Kit, pids_of
from sweeptree.model import JobState


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
