"""How a browser is told of an address that works once."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from sweeptree.engine.server.browser import has_screen, show
from sweeptree.engine.server.config import Server

ADDRESS = "http://127.0.0.1:1/sweeptree/open?ticket=secret"


def test_the_ticket_stands_in_a_file_of_the_owner_and_in_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: told.append(url) is None)
    server = Server("http://127.0.0.1:1/api", "http://127.0.0.1:1", 1, 1, tmp_path, "3", 0)
    assert show(server, ADDRESS) and show(server, ADDRESS)
    page = tmp_path / "open.html"
    assert told == [page.as_uri()] * 2
    assert ADDRESS in page.read_text() and page.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("environ", "mac", "shown"),
    [({}, False, False), ({}, True, True), ({"DISPLAY": ":0"}, False, True)],
)
def test_a_browser_needs_a_screen(environ: dict[str, str], mac: bool, shown: bool) -> None:
    assert has_screen(environ, mac=mac) is shown
