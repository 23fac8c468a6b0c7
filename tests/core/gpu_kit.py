"""Keepers that see the fake GPUs: a fresh nursery under the fake driver library, and devices to ask
for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nvml import FakeDriver

from sweeptree.model import Device
from sweeptree.supervise.connection import NURSERIES

UUID = "GPU-fa4e{0:04x}-0000-4000-8000-{0:012x}"
DEVICES = tuple(Device(UUID.format(n), n, "card", 40960, 40960) for n in range(2))


def under_fake(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """Two idle GPUs, for this process' keepers; afterwards keepers are made without them again."""
    fake = FakeDriver.make(folder)
    fake.configure("gpu watts=100", "gpu")
    patch.setenv("LD_LIBRARY_PATH", str(folder))
    NURSERIES.close()
    yield fake
    NURSERIES.close()
