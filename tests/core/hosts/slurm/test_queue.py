"""What the queue says, and orders to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sweep_kit import wait_for

from sweeptree.hosts.slurm import queue as queues
from sweeptree.hosts.slurm.arrays import Array, Place
from sweeptree.hosts.slurm.queue import Queue
from sweeptree.sweep.stopping import StopSwitch

ARRAY = Array(Path("0001"), "name", (Place(0, 1), Place(1, 1)), "7")


@pytest.fixture
def queue() -> Queue:
    return Queue(StopSwitch(), lambda place: place.job == 0, lambda place: place.job < 2)


def test_nothing_is_known_before_a_look(queue: Queue, slurm: Path) -> None:
    queue.add([ARRAY])
    assert queue.look("7_0") is None
    queue.refresh()
    seen = queue.look("7_0")
    assert seen is not None
    assert seen.is_over  # the cluster has forgotten it


def test_a_look_tells_the_state(queue: Queue, slurm: Path) -> None:
    (slurm / "7_1.state").write_text("PENDING|Resources|")
    queue.add([ARRAY])
    queue.refresh()
    seen = queue.look("7_1")
    assert seen is not None
    assert (seen.state, queue.is_idle) == ("PENDING", False)


def test_an_array_that_came_after_the_last_look_is_not_over(queue: Queue, slurm: Path) -> None:
    queue.refresh()
    queue.add([ARRAY])
    assert queue.look("7_0") is None


def test_a_held_task_is_released_and_one_that_is_done_is_cancelled(
    queue: Queue, slurm: Path
) -> None:
    for task in (0, 1):
        (slurm / f"7_{task}.state").write_text("PENDING|launch failed requeued held|")
    queue.add([ARRAY])
    with queue:
        wait_for((slurm / "orders").exists)
        wait_for((slurm / "cancelled").exists)
    assert set((slurm / "orders").read_text().splitlines()) == {"release 7_1"}
    assert set((slurm / "cancelled").read_text().splitlines()) == {"7_0"}


def test_a_delayed_task_is_started_now(queue: Queue, slurm: Path) -> None:
    (slurm / "7_1.state").write_text("PENDING|BeginTime|")
    queue.add([ARRAY])
    with queue:
        wait_for((slurm / "orders").exists)
    assert (slurm / "orders").read_text().startswith("update jobid=7_1 StartTime=now\n")


def test_a_delayed_task_is_not_started_in_the_second_in_which_it_ended(
    queue: Queue, slurm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "REVOKED", 1000.0)
    (slurm / "7_1.state").write_text("PENDING|BeginTime|")
    queue.add([ARRAY])
    with queue:
        wait_for(lambda: queue.looks > 3)
    assert not (slurm / "orders").exists()


@pytest.mark.parametrize(("job", "reason"), [(1, "JobHeldUser"), (2, "BeginTime")])
def test_what_people_want_to_wait_is_left_alone(
    queue: Queue, slurm: Path, job: int, reason: str
) -> None:
    (slurm / "7_0.state").write_text(f"PENDING|{reason}|")
    queue.add([Array(Path("0001"), "name", (Place(job, 1),), "7")])
    with queue:
        looks = wait_for(lambda: queue.looks)
        wait_for(lambda: queue.looks > looks + 1)
    assert not (slurm / "orders").exists()


@pytest.mark.parametrize(
    ("order", "words"), [("stop", "7\n"), ("kill", "--batch --signal=USR1 7\n7\n")]
)
def test_an_order_is_handed_on_once(queue: Queue, slurm: Path, order: str, words: str) -> None:
    queue.add([ARRAY])
    getattr(queue, order)()
    with queue:
        looks = wait_for(lambda: queue.looks)
        wait_for(lambda: queue.looks > looks)
    assert (slurm / "cancelled").read_text() == words
