"""On a machine with a real NVIDIA GPU: detection, a slot, telemetry.

Elsewhere these are counted as skipped.
"""

import sys
import uuid
from pathlib import Path

import pytest

from core.keeper_kit import Kit
from sweeptree import gpus
from sweeptree.gpus import slots
from sweeptree.model import JobState
from sweeptree.model.values import SlotRequest

pytestmark = pytest.mark.gpu

USE = """
import ctypes, time
cuda = ctypes.CDLL("libcuda.so.1")
context, memory = ctypes.c_void_p(), ctypes.c_uint64()
for code in (cuda.cuInit(0), cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0),
             cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(512 * 1024 * 1024))):
    assert code == 0, code
time.sleep(2.5)
"""


@pytest.fixture
def found() -> gpus.Detection:
    found = gpus.detect()
    if not found.devices:
        pytest.skip(f"no GPU: {found.why}")
    return found


def test_the_driver_tells_the_keeper_what_it_tells_pynvml(found: gpus.Detection) -> None:
    driver = slots.open_driver()
    assert driver is not None
    for device in found.devices:
        known = driver.memory(device.uuid)
        assert known is not None and known[0] == device.memory_total
        assert driver.processes(device.uuid) is not None
    driver.close()


def test_a_job_holds_a_slot_and_is_measured(found: gpus.Detection, tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    request = SlotRequest(tmp_path / "slots", found.devices, 1, "lr:0.1@x", memory=2048)
    kit = Kit(tmp_path, f"t{uuid.uuid4().hex}")
    outcome, log = kit.run(f"exec {sys.executable} use.py", slots=request)
    assert outcome.state is JobState.SUCCEEDED, log
    assert outcome.gpus[0] in {device.uuid for device in found.devices}
    assert outcome.peak_vram_mb is None or outcome.peak_vram_mb >= 512
