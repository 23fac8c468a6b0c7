"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hosts.leases.http_kit import Place
from core.hosts.leases.kit import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A store with one open sweep, two lanes expected."""
    return Desk(tmp_path / "leases.db")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An endpoint that is served."""
    place = Place(tmp_path / "leases.db")
    with place.served():
        yield place
    place.give_up.set()
