"""A host for each test, with an endpoint that answers until the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hosts.lanes.kit import Host, make_host
from core.hosts.leases.http_kit import Place


@pytest.fixture
def host(tmp_path: Path, repo: Path) -> Iterator[Host]:
    """With a connection that is there all the time."""
    place = Place(tmp_path / "leases.db")
    with place.served():
        yield make_host(place, repo, tmp_path / "far")
        place.give_up.set()
