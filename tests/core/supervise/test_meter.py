"""What a job does to its GPUs, seen through the fake driver library."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from nvml import FakeDriver

from core.gpu_kit import UUID
from sweeptree.gpus import slots
from sweeptree.supervise.meter import Meter

GPU = UUID.format(0)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    return FakeDriver.make(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def fake(library: FakeDriver) -> FakeDriver:
    library.configure("gpu util=40")
    return library


@pytest.fixture
def meter(fake: FakeDriver, tmp_path: Path) -> Iterator[Meter]:
    driver = fake.session()
    yield Meter(driver, str(tmp_path / "slots"), [GPU], alone=True)
    driver.close()


def test_the_most_memory_of_the_jobs_own_processes_counts(meter: Meter, fake: FakeDriver) -> None:
    for mib in (700, 9000, 300):
        fake.configure("gpu util=40", f"proc gpu=0 pid={os.getpid()} mem={mib}")
        assert meter.sample() is None
    assert meter.close()["peak_vram_mb"] == 9000.0


def test_the_load_is_a_mean(meter: Meter, fake: FakeDriver) -> None:
    meter.sample()
    fake.configure("gpu util=80")
    meter.sample()
    assert meter.close()["gpu_util_mean"] == 60.0


def test_a_lost_device_is_a_fault_and_goes_into_quarantine(
    meter: Meter, fake: FakeDriver, tmp_path: Path
) -> None:
    fake.configure("gpu lost=1")
    fault = meter.sample()
    assert fault is not None and fault.startswith(f"GPU {GPU} failed: it was lost")
    [found] = slots.quarantined(str(tmp_path / "slots"), [GPU])
    assert "lost" in found.reason
