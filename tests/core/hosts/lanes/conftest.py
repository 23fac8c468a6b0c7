"""A host for each test, with an endpoint that answers until the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hosts.lanes.kit import Host, make_host
from core.hosts.leases.http_kit import Place


@pytest.fixture
def unserved(tmp_path: Path, repo: Path) -> Host:
    """With an endpoint that the test itself starts and stops."""
    return make_host(Place(tmp_path / "leases.db"), repo, tmp_path / "far")


@pytest.fixture
def host(unserved: Host) -> Iterator[Host]:
    """With an endpoint that is there all the time."""
    with unserved.place.served():
        yield unserved
        unserved.place.give_up.set()
