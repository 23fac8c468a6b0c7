"""A host to bring code to."""

from pathlib import Path

import pytest

from core.hosts.host_kit import make_site
from sweeptree.hosts.remote import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "far")
