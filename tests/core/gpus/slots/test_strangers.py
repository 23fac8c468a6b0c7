"""Devices that others use beside our jobs."""

import subprocess

import pytest
from nvml import FakeDriver

from core.gpus.slots.slots_kit import CARDS, STRANGER, Take, uuids
from core.keeper_kit import until
from sweeptree.gpus import slots

A, B, C, D = CARDS


def test_others_memory_leaves_less(try_take: Take, fake: FakeDriver) -> None:
    assert try_take([A], memory=10000)
    fake.append("proc gpu=0 pid=1 mem=25000")
    assert try_take([A], memory=10000) is None
    assert try_take([A], memory=5000)


def test_memory_that_is_not_free_is_not_promised(try_take: Take, fake: FakeDriver) -> None:
    assert try_take([A], memory=10000)
    fake.configure("gpu used=35000")
    assert try_take([A], memory=10000) is None


@pytest.mark.parametrize("line", ["gpu used=3000", "gpu util=60", f"gpu\n{STRANGER}"])
@pytest.mark.parametrize("memory", [0, 1000])
def test_a_gpu_that_others_use_is_not_given(
    try_take: Take, fake: FakeDriver, line: str, memory: int
) -> None:
    fake.configure(*line.split("\n"))
    assert try_take([A], memory=memory) is None


@pytest.mark.parametrize(
    "line", ["gpu used=900", "gpu util=20", "fail fn=nvmlDeviceGetUtilizationRates err=3"]
)
def test_a_desktop_does_not_make_a_gpu_busy(try_take: Take, fake: FakeDriver, line: str) -> None:
    fake.configure("gpu", line) if line.startswith("fail") else fake.configure(line)
    assert try_take([A])


def test_a_gpu_is_given_when_the_others_are_gone(fake: FakeDriver, root: str) -> None:
    fake.append(STRANGER)
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        assert ticket.try_claim([A], 1) is None
        fake.configure("gpu")
        with until(lambda: ticket.try_claim([A], 1)) as claim:
            assert claim.uuids == (A["uuid"],)


def test_a_waiter_tells_who_is_in_its_way(fake: FakeDriver, root: str) -> None:
    fake.configure("gpu", "gpu", STRANGER, STRANGER.replace("gpu=0", "gpu=1"))
    with slots.enqueue(root, "job", driver=fake.session()) as ticket:
        # each GPU is called busy after two looks of its own
        told = "busy: other processes use GPU 0, 1"
        until(lambda: ticket.try_claim([A, B], 1) or slots.waiters(root)[0].why == told)
        [waiter] = slots.waiters(root)
    assert (waiter.why, waiter.uuids) == (told, (A["uuid"], B["uuid"]))


def test_a_busy_gpu_is_passed_by(try_take: Take, fake: FakeDriver) -> None:
    fake.append(STRANGER)
    assert uuids(try_take([A, B])) == (B["uuid"],)


def test_what_a_job_of_ours_left_does_not_make_a_gpu_busy(
    try_take: Take, fake: FakeDriver, child: "subprocess.Popen[bytes]"
) -> None:
    fake.configure("gpu util=90", f"proc gpu=0 pid={child.pid} mem=9000")
    assert try_take([A])


def test_the_load_of_our_last_job_is_not_taken_for_others(try_take: Take, fake: FakeDriver) -> None:
    first = try_take([A])
    fake.configure("gpu util=90")
    assert first is not None
    first.release()
    assert try_take([A])
