"""`sweeptree server start|open|status|stop`: the managed local Prefect server."""

from __future__ import annotations

import json
import sys
from typing import Annotated

from cyclopts import App, Parameter

from sweeptree.engine import server
from sweeptree.engine.dead_sweeps import mark_dead_sweeps
from sweeptree.engine.server import browser, facts
from sweeptree.engine.server.worker import restart_worker, stop_worker
from sweeptree.settings import Settings

app = App(name="server", help="Start, open, look at or stop the local Prefect server.")


@app.command
def start() -> int:
    """Start the server in the background, or say where it already runs.

    A worker that `sweeptree deploy` had started and that died is started again.
    """
    running = _start(Settings())
    print(f"the Prefect server runs: {running.ui_url}\n  sweeptree server open")  # noqa: T201
    return 0


@app.command(name="open")
def open_ui(*, browser_too: Annotated[bool, Parameter(name="--browser")] = True) -> int:
    """Show the Prefect UI in your browser, without a password; starts the server where none runs.

    Parameters
    ----------
    browser_too
        Open a browser. Without one, the address is printed: it works once, within two minutes.
    """
    running = _start(Settings())
    address = browser.one_time_address(running)
    has_screen = browser.has_screen(mac=sys.platform == "darwin")
    if browser_too and has_screen and browser.show(running, address):
        print(f"opened {running.ui_url} in your browser")  # noqa: T201
        return 0
    print(address)  # noqa: T201
    print("it works once, within two minutes", file=sys.stderr)  # noqa: T201
    return 0


@app.command
def stop() -> int:
    """Stop exactly this server. Sweeps that run go on without it; their records stay complete."""
    home = Settings().home
    if stop_worker(home):
        print("the worker has ended")  # noqa: T201
    ended = server.stop(home)
    text = "the Prefect server has ended" if ended else "no Prefect server of ours was running"
    print(text)  # noqa: T201
    return 0


@app.command
def status(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Say whether server and worker run, since when, and what comes next. Exit code 1: no server.

    Parameters
    ----------
    as_json
        Print one JSON document with api_url and ui_url.
    """
    found = facts.look(Settings().home)
    print(json.dumps(found.document()) if as_json else "\n".join(found.lines()))  # noqa: T201
    return 0 if found.healthy else 1


def _start(settings: Settings) -> server.Server:
    """The running server, and its worker if one is wanted."""
    running = server.ensure(settings.home, settings.server_port)
    if running.moved:
        print(  # noqa: T201
            f"port {running.wanted_port} is busy, so it listens on {running.port}", file=sys.stderr
        )
    if restart_worker(running):
        print("the worker was started again", file=sys.stderr)  # noqa: T201
    for name in mark_dead_sweeps(running):
        text = f"{name} was killed: its run is Crashed now; sweeptree resume {name}"
        print(text, file=sys.stderr)  # noqa: T201
    return running
