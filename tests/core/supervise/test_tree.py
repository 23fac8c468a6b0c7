"""Trees of processes that will not end."""

import signal

from core.keeper_kit import NASTY, Kit, pids_of, until
from sweeptree.model import JobState


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
