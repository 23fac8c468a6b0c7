"""The stop switch reaches every keeper, once."""

import threading
import time
from pathlib import Path

from core.sweep.kit import lived, opened, ran
from sweeptree.model import JobState, StopCause
from sweeptree.sweep.running import Sweep
from sweeptree.sweep.stopping import StopSwitch


def test_a_stop_reaches_a_job_that_is_only_now_starting(repo: Path) -> None:
    with opened(repo, "sleep 60") as sweep:
        sweep.stop.stop(StopCause.CANCELLED)
        job = sweep.job(0)
        ran(job)
        assert job.record.state is JobState.CANCELLED


def test_asking_again_to_stop_does_not_cut_the_grace_short(repo: Path) -> None:
    slow = "trap 'sleep 0.3; echo saved > saved; exit 0' TERM; echo up; sleep 60 & wait"
    with opened(repo, slow, grace=20) as sweep:
        stopper = threading.Thread(target=stop_again_and_again, args=(sweep,))
        stopper.start()
        record = lived(sweep.job(0))
        stopper.join()
    assert (record.state, record.artifacts) == (JobState.CANCELLED, ("saved",))


def stop_again_and_again(sweep: Sweep) -> None:
    log = sweep.paths.log(0)
    while not log.exists() or "up" not in log.read_text():
        time.sleep(0.01)
    for _ in range(5):
        sweep.stop.stop(StopCause.CANCELLED)
        time.sleep(0.02)


def test_the_first_cause_holds() -> None:
    switch = StopSwitch()
    switch.stop(StopCause.TIME_LIMIT)
    switch.stop(StopCause.CANCELLED)
    switch.start_no_more()
    assert switch.cause is StopCause.TIME_LIMIT


def test_a_failed_job_is_the_weakest_cause() -> None:
    switch = StopSwitch()
    switch.start_no_more()
    assert (switch.cause, switch.stopping.is_set()) == (StopCause.JOB_FAILED, True)
    switch.stop(StopCause.INTERRUPTED)
    assert switch.cause is StopCause.INTERRUPTED
