"""Opening the Prefect UI of a managed server in a browser, without a password.

Hides: how a ticket is got, and how it reaches a browser without standing in a command line, which
every account of the machine can read.
"""

from __future__ import annotations

import http.client
import os
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from sweeptree.engine.server.config import HOST, Server
from sweeptree.engine.server.gate import OPEN_PATH, TICKET_PATH
from sweeptree.engine.server.token import auth_string, authorization
from sweeptree.errors import ServerError

_SECONDS = 30.0


def one_time_address(server: Server) -> str:
    """An address that shows the UI once, within two minutes. Raises ServerError, Refused."""
    header = {"Authorization": authorization(auth_string(server.home))}
    connection = http.client.HTTPConnection(HOST, server.port, timeout=_SECONDS)
    try:
        connection.request("POST", TICKET_PATH, headers=header)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise ServerError(
            f"the Prefect server does not answer: {error}", hint="sweeptree server status"
        ) from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise ServerError(
            f"the Prefect server gives no ticket (HTTP {status})",
            hint="sweeptree server stop && sweeptree server open",
        )
    return f"{server.ui_url}{OPEN_PATH}?ticket={text}"


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
