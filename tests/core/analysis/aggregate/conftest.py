"""Where the sweeps of these tests stand."""

from pathlib import Path

import pytest

from sweeptree.records import SweepPaths


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    (tmp_path / "unet_lr").mkdir()
    return SweepPaths(tmp_path / "unet_lr")
