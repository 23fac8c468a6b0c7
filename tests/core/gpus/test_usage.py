"""Who uses which GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nvml import FakeDriver

from core.gpu_kit import UUID
from sweeptree import gpus
from sweeptree.gpus import slots
from sweeptree.model import Device


def test_the_table_says_who_holds_and_who_waits(tmp_path: Path) -> None:
    devices = (Device("GPU-a", 0, "A", 10, 4), Device("GPU-b", 1, "B", 20, 20))
    found = gpus.Detection(devices, "550", None, (), {"GPU-a": 70})
    chosen = [{"uuid": "GPU-a", "index": 0}]
    first, second = slots.enqueue(str(tmp_path), "first"), slots.enqueue(str(tmp_path), "second")
    with first, second, first.try_claim(chosen, 1) or pytest.fail("not free"):
        assert second.try_claim(chosen, 1) is None
        rows = gpus.table(found, tmp_path)
    assert rows == [
        gpus.GpuRow(0, "A", "GPU-a", 10, 4, 70, "held", ("first",), ("second",)),
        gpus.GpuRow(1, "B", "GPU-b", 20, 20, None, "free", (), ()),
    ]


@pytest.mark.slow
def test_a_gpu_whose_memory_is_taken_is_used_by_others(tmp_path: Path) -> None:
    fake = FakeDriver.make(tmp_path)
    fake.configure("gpu used=9000", "gpu")
    text = "import sys; from sweeptree import gpus; print(*gpus.used_by_others(sys.argv[1:]))"
    argv = [sys.executable, "-c", text, UUID.format(0), UUID.format(1)]
    shown = subprocess.check_output(argv, env={**os.environ, **fake.environment}, text=True)
    assert shown.split() == [UUID.format(0)]
