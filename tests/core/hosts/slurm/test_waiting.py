"""One job's task, through all that Slurm makes of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from sweep_kit import wait_for

from core.hosts.slurm.test_endings import ENDED
from core.sweep.kit import opened
from sweeptree.hosts.slurm.arrays import Place, Task
from sweeptree.hosts.slurm.queue import Queue
from sweeptree.hosts.slurm.waiting import await_end
from sweeptree.model import JobState
from sweeptree.records import SweepPaths
from sweeptree.sweep.results import SoFar
from sweeptree.sweep.running import Sweep
from sweeptree.sweep.stopping import StopSwitch

TASK = Task("7_0", Place(0, 1), Path("none"))


def end(paths: SweepPaths, number: int, state: str, **more: object) -> None:
    paths.attempt(0, number, "alive").touch()
    outcome = {**ENDED, "state": state, **more}
    paths.attempt(0, number, "outcome").write_text(json.dumps(outcome))


def waited(sweep: Sweep) -> SoFar:
    queue = Queue(StopSwitch(), lambda _: False, lambda _: True)
    return await_end(sweep.job(0), SoFar().on_attempt(1), TASK, queue).so_far


def test_an_attempt_that_goes_on_is_recorded_and_the_next_one_awaited(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        end(sweep.paths, 1, "cancelled", goes_on=True, reason="preempted")
        end(sweep.paths, 2, "succeeded")
        assert waited(sweep).attempt == 2
        (first,) = sweep.store.record(0).attempts
    assert (first.number, first.state, first.reason) == (1, JobState.CANCELLED, "preempted")


def test_an_attempt_that_left_nothing_is_lost_once_the_next_has_begun(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        sweep.paths.attempt(0, 1, "alive").touch()
        end(sweep.paths, 2, "succeeded")
        assert waited(sweep).attempt == 2
        (first,) = sweep.store.record(0).attempts
    assert first.state is JobState.LOST


def test_the_record_names_the_node_as_soon_as_a_keeper_has_the_attempt(repo: Path) -> None:
    with opened(repo, "true") as sweep:
        waits = threading.Thread(target=waited, args=(sweep,))
        alive = sweep.paths.attempt(0, 1, "alive")
        alive.write_text('{"host": "n7"}')
        waits.start()
        wait_for(lambda: sweep.store.record(0).host == "n7")
        started = {"start_time": "2026-01-01T00:00:00Z", "host": "n7", "data_digest": "d"}
        sweep.paths.attempt(0, 1, "started").write_text(json.dumps(started))
        wait_for(lambda: sweep.store.record(0).state is JobState.RUNNING)
        record = sweep.store.record(0)
        end(sweep.paths, 1, "succeeded")
        waits.join()
    assert (record.host, record.data_digest) == ("n7", "d")
