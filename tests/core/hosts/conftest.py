"""The far side of ssh for the tests of this room."""

from pathlib import Path

import pytest

from core.hosts.ssh_kit import FarSide, far_side


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FarSide:
    """A host that ssh leads to."""
    return far_side(tmp_path / "far", monkeypatch)
