"""A desk for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hosts.leases.kit import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A store with one open sweep, two lanes expected."""
    return Desk(tmp_path / "leases.db")
