"""A host to bring code to, and the far side of ssh for the tests of this room."""

from pathlib import Path

import pytest

from core.hosts.host_kit import make_site
from core.hosts.ssh_kit import FarSide, far_side
from sweeptree.hosts.remote import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "far")


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FarSide:
    """A host that ssh leads to."""
    return far_side(tmp_path / "far", monkeypatch)
