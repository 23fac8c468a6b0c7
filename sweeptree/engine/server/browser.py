"""Opening the Prefect UI of a managed server in a browser, without a password.

Hides: how a ticket is got, and how it reaches a browser without standing in a command line, which
every account of the machine can read.
"""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from sweeptree.engine.server.api import ask
from sweeptree.engine.server.config import Server
from sweeptree.engine.server.gate import OPEN_PATH, TICKET_PATH


def one_time_address(server: Server) -> str:
    """An address that shows the UI once, within two minutes. Raises ServerError, Refused."""
    ticket = ask(server, "POST", TICKET_PATH).decode()
    return f"{server.ui_url}{OPEN_PATH}?ticket={ticket}"


def show(server: Server, address: str) -> bool:
    """Let the user's browser go to an address; False where there is none.

    The browser is told of a file that only this account can read.
    """
    page = _page(server.home, address)
    try:
        return webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


def has_screen(environ: Mapping[str, str] = os.environ, *, mac: bool = False) -> bool:
    """Whether a browser could show itself, rather than take the terminal over."""
    return mac or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _page(home: Path, address: str) -> Path:
    path = home / "open.html"
    path.unlink(missing_ok=True)
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, new, 0o600)
    try:
        os.write(
            file, f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">'.encode()
        )
    finally:
        os.close(file)
    return path
