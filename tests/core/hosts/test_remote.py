"""A host's places."""

from pathlib import Path

from core.hosts.host_kit import LocalRemote
from sweeptree.hosts.remote import Site
from sweeptree.hosts.values import Host


def test_places_are_below_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    host = Host("gpu2", "user@gpu2", "/home/user/.sweeptree/", "/usr/bin/python3")
    assert Site(host, LocalRemote(home)).place("cache", "x.git") == (
        "/home/user/.sweeptree/cache/x.git"
    )
