"""What a keeper asks the driver, through the fake library."""

import pytest
from nvml import FakeDriver

from core.gpus.slots.slots_kit import CARDS
from sweeptree.gpus import slots

GPU = CARDS[0]["uuid"]


@pytest.fixture
def driver(fake: FakeDriver) -> slots.Driver:
    return fake.session()


def test_memory_is_total_and_free(driver: slots.Driver, fake: FakeDriver) -> None:
    fake.configure("gpu mem=24576 used=1000")
    assert driver.memory(GPU) == (24576, 23576)


def test_many_processes_are_all_seen(driver: slots.Driver, fake: FakeDriver) -> None:
    lines = [f"proc gpu=0 pid={1000 + n} mem={n + 1}" for n in range(50)]
    fake.configure("gpu", *lines)
    assert driver.processes(GPU) == [(1000 + n, n + 1) for n in range(50)]


def test_a_lost_device_is_named(driver: slots.Driver, fake: FakeDriver) -> None:
    fake.configure("gpu lost=1")
    with pytest.raises(slots.LostError) as lost:
        driver.memory(GPU)
    assert lost.value.uuid == GPU


def test_what_a_device_cannot_answer_is_none(driver: slots.Driver, fake: FakeDriver) -> None:
    fake.configure("gpu", "fail fn=nvmlDeviceGetUtilizationRates err=3")
    assert driver.utilisation(GPU) is None


def test_an_error_is_told_once(driver: slots.Driver, fake: FakeDriver) -> None:
    driver.watch([GPU])
    fake.append("xid gpu=0 code=79")
    assert (driver.xids(), driver.xids()) == ([(GPU, 79)], [])


@pytest.mark.parametrize("gone", ["MIG-gone", "GPU-gone"])
def test_a_device_that_is_no_more_is_named(driver: slots.Driver, gone: str) -> None:
    with pytest.raises(slots.GoneError):
        driver.memory(gone)


def test_a_slice_that_is_removed_after_a_look_is_named(
    driver: slots.Driver, fake: FakeDriver
) -> None:
    fake.configure("gpu mig=1", "mig gpu=0 mem=4864 uuid=MIG-a")
    assert driver.memory("MIG-a")
    fake.configure("gpu mig=1")
    with pytest.raises(slots.GoneError):
        driver.memory("MIG-a")


def test_a_number_s_uuid(driver: slots.Driver, fake: FakeDriver) -> None:
    fake.configure("gpu", "gpu")
    assert driver.uuid_at(1) == CARDS[1]["uuid"]
    assert driver.uuid_at(7) is None
